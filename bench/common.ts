import type { CborValue } from "../src/cbor/value.ts";

/** The first argument; one is enough to see that every case still runs. */
export const ROUNDS = Number(process.argv[2] ?? 15);

export function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** A constraint whose value is a map. */
export function struct(type: number, members: Readonly<Record<string, CborValue>>): CborValue {
  return [BigInt(type), new Map(Object.entries(members))];
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
