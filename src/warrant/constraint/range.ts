import type { CborValue } from "../../cbor/value.ts";
import type { Value } from "../../value.ts";
import { asBoolean, asStruct, Malformed } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";

/** A number between two bounds, each of which may be absent; an integer is compared as the nearest double. */
export interface Range extends Constraint {
  readonly kind: "Range";
  readonly bounds: RangeBounds;
}

export interface RangeBounds {
  readonly min?: number;
  readonly max?: number;
  /** True unless said otherwise; has an effect only beside its bound. */
  readonly minInclusive?: boolean;
  readonly maxInclusive?: boolean;
}

export function range(bounds: RangeBounds): Range {
  const { min = -Infinity, max = Infinity } = bounds;
  // With no bound, the infinity itself is inside.
  const minInclusive = bounds.min === undefined || (bounds.minInclusive ?? true);
  const maxInclusive = bounds.max === undefined || (bounds.maxInclusive ?? true);

  const contains = (argument: Value): boolean => {
    if (typeof argument !== "bigint" && typeof argument !== "number") return false;
    const number = Number(argument);
    return (minInclusive ? number >= min : number > min) && (maxInclusive ? number <= max : number < max);
  };

  return Object.freeze({
    kind: "Range",
    type: 3,
    failsOn: () => "nothing",
    bounds,
    matches: (argument: Value) => outcome(contains(argument)),
    permits: (child: Constraint) => {
      if (isExact(child)) return contains(child.value);
      return isRange(child) && isWithin(child.bounds, bounds);
    },
    describe: () => {
      const open = minInclusive && bounds.min !== undefined ? "[" : "(";
      const close = maxInclusive && bounds.max !== undefined ? "]" : ")";
      return `Range${open}${bounds.min ?? "-inf"}, ${bounds.max ?? "inf"}${close}`;
    },
    toCbor: () =>
      new Map<string, CborValue>([
        ["min", bounds.min ?? null],
        ["max", bounds.max ?? null],
        ["min_inclusive", bounds.minInclusive ?? true],
        ["max_inclusive", bounds.maxInclusive ?? true],
      ]),
  });
}

function isRange(constraint: Constraint): constraint is Range {
  return constraint.kind === "Range";
}

function isWithin(child: RangeBounds, parent: RangeBounds): boolean {
  if (parent.min !== undefined) {
    if (child.min === undefined || child.min < parent.min) return false;
    if (child.min === parent.min && parent.minInclusive === false && child.minInclusive !== false)
      return false;
  }
  if (parent.max !== undefined) {
    if (child.max === undefined || child.max > parent.max) return false;
    if (child.max === parent.max && parent.maxInclusive === false && child.maxInclusive !== false)
      return false;
  }
  return true;
}

export function parseRange(value: CborValue): Range {
  const members = asStruct(value, "a Range", ["min_inclusive", "max_inclusive"], ["min", "max"]);
  const min = asBound(members.min);
  const max = asBound(members.max);
  return range({
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    minInclusive: asBoolean(members.min_inclusive, "`min_inclusive` of a Range"),
    maxInclusive: asBoolean(members.max_inclusive, "`max_inclusive` of a Range"),
  });
}

/** Bounds are floats on the wire, never integers, and finite. */
function asBound(value: CborValue): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new Malformed("a bound of a Range isn't a finite float");
  }
  return value;
}
