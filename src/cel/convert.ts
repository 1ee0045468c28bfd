import type { Evaluation } from "../evaluation.ts";
import { I64_MIN } from "../value.ts";
import { CelError } from "./error.ts";
import { int, integerOf, uint } from "./literal.ts";
import { formatDuration, formatTimestamp } from "./time.ts";
import { type CelValue, isBytes, isKind, type Uint } from "./value.ts";

/** Steps of reading a number from a text, and of writing one, beside those for the characters. */
const READ_EFFORT = 2;
const FORMAT_EFFORT = 50;

/** A double loses its fraction; one that isn't in the range, NaN too, has no int. */
export function toInt(value: CelValue, evaluation: Evaluation): bigint {
  if (typeof value === "bigint") return value;
  if (isKind(value, "uint")) return int(value.value);
  if (typeof value === "number") return int(truncated(value));
  if (typeof value !== "string") throw new CelError("no int of this kind");
  const { sign, digits } = integerText(value, /^[+-]?[0-9]+$/, evaluation);
  return int(sign === "-" ? -integerOf(digits) : integerOf(digits));
}

export function toUint(value: CelValue, evaluation: Evaluation): Uint {
  if (isKind(value, "uint")) return value;
  if (typeof value === "bigint") return uint(value);
  if (typeof value === "number") {
    if (value < 0) throw new CelError("no uint is negative");
    return uint(truncated(value));
  }
  if (typeof value !== "string") throw new CelError("no uint of this kind");
  return uint(integerOf(integerText(value, /^\+?[0-9]+$/, evaluation).digits));
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw new CelError("not a number with an integer part");
  if (Math.abs(value) > 2 ** 64) throw new CelError("outside the range of integers");
  return BigInt(Math.trunc(value));
}

function integerText(text: string, form: RegExp, evaluation: Evaluation): { sign: string; digits: string } {
  evaluation.spend(READ_EFFORT + text.length / 4);
  if (!form.test(text)) throw new CelError("not an integer");
  const isSigned = /^[+-]/.test(text);
  return { sign: isSigned ? text.charAt(0) : "", digits: isSigned ? text.slice(1) : text };
}

export function toDouble(value: CelValue, evaluation: Evaluation): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (isKind(value, "uint")) return Number(value.value);
  if (typeof value !== "string") throw new CelError("no double of this kind");
  evaluation.spend(READ_EFFORT + value.length / 4);
  if (/^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(value)) return Number(value);
  const [, sign, word] = /^([+-]?)(inf|infinity|nan)$/i.exec(value) ?? [];
  if (word === undefined) throw new CelError("not a number");
  if (word.toLowerCase() === "nan") return Number.NaN;
  return sign === "-" ? -Infinity : Infinity;
}

export function toText(value: CelValue, evaluation: Evaluation): string {
  if (typeof value === "string") return value;
  evaluation.spend(FORMAT_EFFORT);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return formatDouble(value);
  if (isKind(value, "uint")) return String(value.value);
  if (isKind(value, "timestamp")) return formatTimestamp(value);
  if (isKind(value, "duration")) return formatDuration(value);
  if (!isBytes(value)) throw new CelError("no text of this kind");
  evaluation.spend(value.length / 2);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(value);
}

/** The shortest digits that are this double, without an exponent. */
function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$/.exec(String(value)) ?? [];
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, "0");
  // Of two texts as near, the reference takes the larger, as does `toFixed`.
  return sign + Math.abs(value).toFixed(digits.length - point);
}

export function toBytes(value: CelValue, evaluation: Evaluation): Uint8Array {
  if (typeof value !== "string") throw new CelError("no bytes of this kind");
  evaluation.spend(READ_EFFORT + value.length / 2);
  return new TextEncoder().encode(value);
}

/** The opposite; the least int is its own. */
export function negate(value: CelValue): CelValue {
  if (typeof value === "bigint") return value === I64_MIN ? value : -value;
  if (typeof value === "number") return -value;
  throw new CelError("no opposite of this kind");
}
