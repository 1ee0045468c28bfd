import type { Random } from "../differential/random.ts";
import { mutateBytes } from "./mutate.ts";

/** A field of a message as it stands on the wire. */
export interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. */
  readonly wire: number;
  /** Of wire type 0 the number, in its own bytes; of 2 without the length. */
  readonly bytes: Uint8Array;
}

/** The fields of a message, or undefined where the bytes aren't one. */
export function readFields(bytes: Uint8Array): readonly Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at);
    const number = Number(tag.value >> 3n);
    const wire = Number(tag.value & 7n);
    let start = tag.end;
    let end = start;
    if (wire === 0) end = varint(bytes, start).end;
    else if (wire === 1) end += 8;
    else if (wire === 5) end += 4;
    else if (wire === 2) {
      const length = varint(bytes, start);
      start = length.end;
      end = start + Number(length.value);
    } else return undefined;
    if (number === 0 || end > bytes.length) return undefined;
    fields.push({ number, wire, bytes: bytes.subarray(start, end) });
    at = end;
  }
  return fields;
}

export function writeFields(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(({ number, wire, bytes }) => [
      toVarint(BigInt(number) * 8n + BigInt(wire)),
      ...(wire === 2 ? [toVarint(BigInt(bytes.length))] : []),
      bytes,
    ]),
  );
}

/** A field of bytes: text, a message, or bytes. */
export function field(number: number, content: string | Uint8Array | readonly Field[]): Field {
  const isFields = typeof content !== "string" && !(content instanceof Uint8Array);
  return { number, wire: 2, bytes: isFields ? writeFields(content) : Buffer.from(content) };
}

/** The number of a varint field, 0 where there is none. */
export function numberOf(fields: readonly Field[], number: number): number {
  const found = fields.findLast((each) => each.number === number && each.wire === 0);
  return found === undefined ? 0 : Number(varint(found.bytes, 0).value);
}

/** The fields of the message in a field, or undefined where there is none. */
export function messageOf(fields: readonly Field[], number: number): readonly Field[] | undefined {
  const found = fields.filter((each) => each.number === number && each.wire === 2);
  return found.length === 0 ? undefined : readFields(Buffer.concat(found.map(({ bytes }) => bytes)));
}

/** One random change: of the structure of a message, of the text in it, or of its bytes. */
export function mutateProtobuf(
  input: Uint8Array,
  random: Random,
  other: Uint8Array,
  dictionary: readonly string[],
): Uint8Array {
  const fields = random.chance(0.95) ? readFields(input) : undefined;
  if (fields === undefined || fields.length === 0) {
    if (random.chance(0.1)) return Buffer.from(random.pick(dictionary), "latin1");
    return mutateBytes(input, random, other, dictionary);
  }
  const at = random.below(fields.length);
  const chosen = fields[at] as Field;
  if (random.chance(0.8)) {
    const bytes = mutateProtobuf(chosen.bytes, random, other, dictionary);
    return writeFields(fields.with(at, { ...chosen, bytes }));
  }
  return writeFields(
    random.pick<() => readonly Field[]>([
      () => fields.toSpliced(at, 1),
      () => fields.toSpliced(at, 0, chosen),
      () => [...fields.toSpliced(at, 1), chosen],
      () => [...fields, ...repeated(chosen, random.pick([10, 1000, 10_000]))],
      () => fields.toSpliced(at, 0, random.pick([...(readFields(other) ?? []), chosen])),
      () => fields.with(at, { ...chosen, number: 1 + random.below(14) }),
      () => fields.with(at, { ...chosen, wire: random.below(6) }),
      () => fields.with(at, { ...chosen, bytes: random.pick(fields).bytes }),
    ])(),
  );
}

/** A header line that is sent over and over, until that makes a large message. */
function repeated(chosen: Field, times: number): readonly Field[] {
  const length = Math.min(times, Math.floor(100_000 / (chosen.bytes.length + 2)));
  return Array.from({ length }, () => chosen);
}

function varint(bytes: Uint8Array, start: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let at = start; at < Math.min(bytes.length, start + 10); at++) {
    const byte = bytes[at] as number;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return { value, end: bytes.length + 1 };
}

function toVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}
