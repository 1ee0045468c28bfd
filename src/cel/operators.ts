import type { Evaluation } from "../evaluation.ts";
import { CelError } from "./error.ts";
import { int, uint } from "./literal.ts";
import type { BinaryOperator } from "./syntax.ts";
import { duration, timestamp } from "./time.ts";
import { asKey, type CelValue, compare, equal, isKind, isList, isMap } from "./value.ts";

/** @throws {CelError} for kinds the operator doesn't take, an overflow, a division by zero. */
export function operate(
  operator: BinaryOperator,
  a: CelValue,
  b: CelValue,
  evaluation: Evaluation,
): CelValue {
  switch (operator) {
    case "==":
      return equal(a, b, evaluation);
    case "!=":
      return !equal(a, b, evaluation);
    case "<":
      return compare(a, b, evaluation) < 0;
    case "<=":
      return compare(a, b, evaluation) <= 0;
    case ">":
      return compare(a, b, evaluation) > 0;
    case ">=":
      return compare(a, b, evaluation) >= 0;
    case "in":
      return isIn(a, b, evaluation);
    case "+":
      return addTexts(a, b, evaluation) ?? addTimes(a, b) ?? calculate(operator, a, b);
    case "-":
      return subtractTimes(a, b) ?? calculate(operator, a, b);
    default:
      return calculate(operator, a, b);
  }
}

/** A text is in a text that has it anywhere; a key is in a map; an element is in a list. */
function isIn(value: CelValue, container: CelValue, evaluation: Evaluation): boolean {
  if (isList(container)) return container.some((item) => equal(value, item, evaluation));
  if (isMap(container)) return container.has(asKey(value));
  if (typeof value === "string" && typeof container === "string")
    return contains(container, value, evaluation);
  throw new CelError("`in` takes a list, a map or two texts");
}

export function contains(text: string, part: string, evaluation: Evaluation): boolean {
  spendSearch(text.length, part.length, evaluation);
  return text.includes(part);
}

/** Searches skip ahead where they can, but a hostile pair makes them compare at every place. */
export function spendSearch(length: number, part: number, evaluation: Evaluation): void {
  evaluation.spend(1 + (Math.max(0, length - part) * (part + 1)) / 16);
}

function addTexts(a: CelValue, b: CelValue, evaluation: Evaluation): CelValue | undefined {
  if (typeof a === "string" && typeof b === "string") {
    evaluation.spend((a.length + b.length) / 8);
    return a + b;
  }
  if (!isList(a) || !isList(b)) return undefined;
  evaluation.spend(a.length + b.length);
  return [...a, ...b];
}

function addTimes(a: CelValue, b: CelValue): CelValue | undefined {
  if (!isKind(b, "duration")) return undefined;
  if (isKind(a, "duration")) return duration(a.nanos + b.nanos);
  return isKind(a, "timestamp") ? timestamp(a.nanos + b.nanos, a.offsetMinutes) : undefined;
}

function subtractTimes(a: CelValue, b: CelValue): CelValue | undefined {
  if (isKind(a, "timestamp") && isKind(b, "timestamp")) return duration(a.nanos - b.nanos);
  if (!isKind(b, "duration")) return undefined;
  if (isKind(a, "duration")) return duration(a.nanos - b.nanos);
  return isKind(a, "timestamp") ? timestamp(a.nanos - b.nanos, a.offsetMinutes) : undefined;
}

/** Kinds of numbers don't mix. */
function calculate(operator: BinaryOperator, a: CelValue, b: CelValue): CelValue {
  if (typeof a === "bigint" && typeof b === "bigint") {
    const result = int(calculateIntegers(operator, a, b));
    // The quotient of the least int and -1 is too large, so that the remainder is refused with it.
    if (operator === "%") int(a / b);
    return result;
  }
  if (isKind(a, "uint") && isKind(b, "uint")) return uint(calculateIntegers(operator, a.value, b.value));
  if (typeof a !== "number" || typeof b !== "number")
    throw new CelError(`no \`${operator}\` for these kinds`);
  if (operator === "+") return a + b;
  if (operator === "-") return a - b;
  if (operator === "*") return a * b;
  if (operator === "/") return a / b;
  throw new CelError("no remainder of doubles");
}

function calculateIntegers(operator: BinaryOperator, a: bigint, b: bigint): bigint {
  if (operator === "+") return a + b;
  if (operator === "-") return a - b;
  if (operator === "*") return a * b;
  if (b === 0n) throw new CelError("division by zero");
  return operator === "/" ? a / b : a % b;
}
