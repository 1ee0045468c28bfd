import type { Random } from "../differential/random.ts";

const EDGES = [0, 1, 0x0a, 0x20, 0x22, 0x2f, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

/**
 * One random change of some bytes.
 *
 * @param dictionary what the format knows: words that chance would hardly find
 * @param other another input, to take a piece from
 */
export function mutateBytes(
  input: Uint8Array,
  random: Random,
  other: Uint8Array,
  dictionary: readonly string[] = [],
): Uint8Array {
  const at = random.below(input.length + 1);
  const size = Math.min(1 + random.below(random.pick([1, 4, 16, 256])), input.length - at);
  const replaced = (length: number, by: Uint8Array): Uint8Array =>
    Buffer.concat([input.subarray(0, at), by, input.subarray(at + length)]);
  const byte = (): number => (random.chance(0.5) ? random.pick(EDGES) : random.below(256));
  switch (random.below(dictionary.length > 0 ? 9 : 7)) {
    case 0:
      return replaced(1, Buffer.of((input[at] ?? 0) ^ (1 << random.below(8))));
    case 1:
      return replaced(1, Buffer.of(byte()));
    case 2:
      return replaced(0, Buffer.from(Array.from({ length: 1 + random.below(4) }, byte)));
    case 3:
      return replaced(size, new Uint8Array());
    case 4: {
      const from = random.below(input.length + 1);
      return replaced(random.chance(0.5) ? size : 0, input.subarray(from, from + size));
    }
    case 5: {
      const from = random.below(other.length + 1);
      const piece = other.subarray(from, from + 1 + random.below(random.pick([4, 32, 512])));
      return replaced(random.chance(0.5) ? piece.length : 0, piece);
    }
    case 6: {
      const piece = input.subarray(at, at + size);
      return random.chance(0.2) ? replaced(0, repeated(piece, random.pick([2, 8, 100, 1000]))) : input;
    }
    default:
      return replaced(random.chance(0.5) ? size : 0, Buffer.from(random.pick(dictionary), "latin1"));
  }
}

/** A dictionary, parted by spaces. */
export function words(text: string): readonly string[] {
  return text.split(" ");
}

function repeated(piece: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => piece));
}
