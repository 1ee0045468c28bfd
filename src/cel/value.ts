import type { Evaluation } from "../evaluation.ts";
import { compareText } from "../text-order.ts";
import { CelError } from "./error.ts";

/** What an expression computes with. An int is a `bigint` in the range of i64, a double is a `number`. */
export type CelValue =
  | bigint
  | Uint
  | number
  | string
  | Uint8Array
  | boolean
  | null
  | CelList
  | CelMap
  | Timestamp
  | Duration;

export type CelList = readonly CelValue[];
export type CelKey = string | bigint | boolean;
export type CelMap = ReadonlyMap<CelKey, CelValue>;

export interface Uint {
  readonly kind: "uint";
  /** In the range of u64. */
  readonly value: bigint;
}

export interface Timestamp {
  readonly kind: "timestamp";
  /** Since 1970 in UTC. */
  readonly nanos: bigint;
  /** Of the time zone it was written in; has no part in comparisons. */
  readonly offsetMinutes: number;
}

export interface Duration {
  readonly kind: "duration";
  readonly nanos: bigint;
}

export function isList(value: CelValue): value is CelList {
  return Array.isArray(value);
}

export function isMap(value: CelValue): value is CelMap {
  return value instanceof Map;
}

export function isBytes(value: CelValue): value is Uint8Array {
  return value instanceof Uint8Array;
}

export function isKind<Kind extends "uint" | "timestamp" | "duration">(
  value: CelValue,
  kind: Kind,
): value is Extract<CelValue, { readonly kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

/** @throws {CelError} for anything that can't name a member of a map. */
export function asKey(value: CelValue): CelKey {
  if (typeof value === "string" || typeof value === "bigint" || typeof value === "boolean") return value;
  throw new CelError("not a key");
}

/** Levels of lists and maps in one another; a chain of macros makes deeper ones than its expression is. */
const MAX_DEPTH = 250;

/** Steps of comparing two values, beside those for characters and bytes. */
const COMPARE_EFFORT = 2;

/** Numbers are equal by value whatever their kinds, an integer beside a double as the nearest double. */
export function equal(a: CelValue, b: CelValue, evaluation: Evaluation, depth = 0): boolean {
  evaluation.spend(COMPARE_EFFORT);
  if (depth > MAX_DEPTH) throw new CelError("nested too deep to compare");
  if (typeof a === "string") {
    if (typeof b !== "string" || a.length !== b.length) return false;
    evaluation.spend(a.length / 8);
    return a === b;
  }
  if (isList(a)) {
    return (
      isList(b) &&
      a.length === b.length &&
      a.every((item, i) => equal(item, b[i] as CelValue, evaluation, depth + 1))
    );
  }
  if (isMap(a)) return isMap(b) && equalMaps(a, b, evaluation, depth);
  if (isBytes(a)) {
    if (!isBytes(b) || a.length !== b.length) return false;
    evaluation.spend(a.length / 8);
    return a.every((byte, i) => byte === b[i]);
  }
  if (isKind(a, "timestamp")) return isKind(b, "timestamp") && a.nanos === b.nanos;
  if (isKind(a, "duration")) return isKind(b, "duration") && a.nanos === b.nanos;
  const [x, y] = [numeric(a), numeric(b)];
  if (x === undefined || y === undefined) return a === b;
  return typeof x === typeof y ? x === y : Number(x) === Number(y);
}

function equalMaps(a: CelMap, b: CelMap, evaluation: Evaluation, depth: number): boolean {
  if (a.size !== b.size) return false;
  for (const [key, member] of a) {
    const other = b.get(key);
    if (other === undefined || !equal(member, other, evaluation, depth + 1)) return false;
  }
  return true;
}

/**
 * Less than zero where `a` comes first, more where `b` does.
 *
 * @throws {CelError} for kinds that have no order between them, and for NaN.
 */
export function compare(a: CelValue, b: CelValue, evaluation: Evaluation): number {
  if (typeof a === "string" && typeof b === "string") {
    evaluation.spend(Math.min(a.length, b.length) / 4);
    return compareText(a, b);
  }
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (isKind(a, "timestamp") && isKind(b, "timestamp")) return order(a.nanos, b.nanos);
  if (isKind(a, "duration") && isKind(b, "duration")) return order(a.nanos, b.nanos);
  const [x, y] = [numeric(a), numeric(b)];
  if (x === undefined || y === undefined) throw new CelError("no order between these kinds");
  return typeof x === typeof y ? order(x, y) : order(Number(x), Number(y));
}

function numeric(value: CelValue): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return isKind(value, "uint") ? value.value : undefined;
}

function order(a: bigint | number, b: bigint | number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (Number.isNaN(a) || Number.isNaN(b)) throw new CelError("NaN has no order");
  return 0;
}
