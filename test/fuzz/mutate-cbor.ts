import { decode } from "../../src/cbor/decode.ts";
import { encode } from "../../src/cbor/encode.ts";
import { type CborValue, isArray, isBytes, isMap } from "../../src/cbor/value.ts";
import type { Random } from "../differential/random.ts";
import { mutateBytes } from "./mutate.ts";

/** A data item whose parts can be changed; maps keep their order and may have a key twice. */
type Item =
  | { readonly kind: "plain"; readonly value: CborValue }
  | { readonly kind: "list"; readonly items: Item[] }
  | { readonly kind: "map"; readonly items: Item[] }
  /** CBOR inside a byte string, or inside a list of integers. */
  | { readonly kind: "bytes" | "octets"; readonly items: Item[] };

const EDGES: readonly CborValue[] = [
  ...[0n, 1n, 23n, 24n, 64n, 255n, 256n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, -1n, -(2n ** 63n)],
  ...[0, -0, 0.5, 1e308, Number.NaN, Number.POSITIVE_INFINITY],
  ...[
    "",
    "*",
    "a",
    "\u{1f600}",
    "tenuo:x",
    new Uint8Array(32),
    new Uint8Array(64),
    true,
    false,
    null,
    undefined,
  ],
  ...[[], new Map(), [1n, new Uint8Array(32)]],
];

/** One random change of the structure, of the spelling, or, where the input isn't CBOR, of the bytes. */
export function mutateCbor(
  input: Uint8Array,
  random: Random,
  other: Uint8Array,
  dictionary: readonly string[] = [],
): Uint8Array {
  const item = read(input);
  if (item === undefined || random.chance(0.1)) return mutateBytes(input, random, other, dictionary);
  const donor = (random.chance(0.5) ? read(other) : undefined) ?? item;
  const changed = change(item, random, donor, dictionary);
  return write(changed, random.chance(0.02) ? random : undefined);
}

function read(bytes: Uint8Array): Item | undefined {
  try {
    return toItem(decode(bytes));
  } catch {
    return undefined;
  }
}

function toItem(value: CborValue): Item {
  if (isMap(value)) return { kind: "map", items: [...value].flat().map(toItem) };
  if (isBytes(value)) return embedded("bytes", value) ?? { kind: "plain", value };
  if (!isArray(value)) return { kind: "plain", value };
  const isOctets =
    value.length > 1 && value.every((each) => typeof each === "bigint" && each >= 0n && each < 256n);
  const inside = isOctets ? embedded("octets", Uint8Array.from(value, Number)) : undefined;
  return inside ?? { kind: "list", items: value.map(toItem) };
}

function embedded(kind: "bytes" | "octets", bytes: Uint8Array): Item | undefined {
  const major = (bytes[0] ?? 0) >> 5;
  const item = major === 4 || major === 5 ? read(bytes) : undefined;
  return item && { kind, items: [item] };
}

/** Walks down by chance, and changes what it comes to. */
function change(item: Item, random: Random, donor: Item, dictionary: readonly string[]): Item {
  if (item.kind !== "plain" && item.items.length > 0 && random.chance(0.85)) {
    const at = random.below(item.items.length);
    const items = item.items.with(at, change(item.items[at] as Item, random, donor, dictionary));
    return { kind: item.kind, items };
  }
  if (random.chance(0.15)) return partOf(donor, random);
  if (random.chance(0.1)) return toItem(random.pick(EDGES));
  if (random.chance(0.05)) return { kind: "list", items: [item] };
  if (item.kind === "plain") return { kind: "plain", value: changedValue(item.value, random, dictionary) };
  const at = random.below(item.items.length + 1);
  const width = item.kind === "map" ? 2 : 1;
  const from = at - (at % width);
  const piece = item.items.slice(from, from + width);
  const added = (): Item => (random.chance(0.5) ? partOf(donor, random) : toItem(random.pick(EDGES)));
  const items = random.pick<() => Item[]>([
    () => item.items.toSpliced(from, width),
    () => item.items.toSpliced(from, 0, ...piece),
    () => item.items.toSpliced(from, 0, ...Array.from({ length: width }, added)),
    () => [...item.items.toSpliced(from, width), ...piece],
    () => (random.chance(0.1) ? Array.from({ length: 40 }, () => item.items).flat() : item.items),
  ])();
  return { kind: item.kind, items };
}

function partOf(item: Item, random: Random): Item {
  if (item.kind === "plain" || item.items.length === 0 || random.chance(0.2)) return item;
  return partOf(random.pick(item.items), random);
}

function changedValue(value: CborValue, random: Random, dictionary: readonly string[]): CborValue {
  const bytes = (given: Uint8Array): Uint8Array => mutateBytes(given, random, given, dictionary);
  if (typeof value === "bigint")
    return value + random.pick([-1n, 1n, 60n, -60n, 2n ** BigInt(random.below(64))]);
  if (typeof value === "number") return random.pick([value + 1, -value, value / 2, value * 1e9]);
  if (typeof value === "string") return Buffer.from(bytes(Buffer.from(value))).toString();
  if (isBytes(value)) return bytes(value);
  return random.pick(EDGES);
}

/** @param respell gives some heads more bytes than they need, which no reader may take */
function write(item: Item, respell: Random | undefined): Uint8Array {
  if (item.kind === "plain") return plain(item.value);
  const parts = item.items.map((part) => write(part, respell));
  const inside = Buffer.concat(parts);
  if (item.kind === "bytes") return encode(inside);
  if (item.kind === "octets") return encode(Array.from(inside, BigInt));
  const count = item.kind === "map" ? Math.ceil(parts.length / 2) : parts.length;
  return Buffer.concat([head(item.kind === "map" ? 5 : 4, count, respell), inside]);
}

function plain(value: CborValue): Uint8Array {
  const fits = typeof value !== "bigint" || (value < 2n ** 64n && value >= -(2n ** 64n));
  return encode(fits ? value : BigInt.asUintN(64, value as bigint));
}

function head(major: number, count: number, respell: Random | undefined): Uint8Array {
  const shortest = encode(BigInt(count));
  const longer = Buffer.of(0x1b, 0, 0, 0, 0, 0, 0, 0, count & 0xff);
  const bytes = Uint8Array.from(respell?.chance(0.1) === true ? longer : shortest);
  bytes[0] = (bytes[0] as number) | (major << 5);
  return bytes;
}
