import type { Evaluation } from "../evaluation.ts";
import { type Regex, regex } from "../regex/regex.ts";
import { toBytes, toDouble, toInt, toText, toUint } from "./convert.ts";
import { CelError } from "./error.ts";
import { type CelFunction, method, plain } from "./function.ts";
import { contains, spendSearch } from "./operators.ts";
import { TENUO_FUNCTIONS } from "./tenuo.ts";
import { parseDuration, parseTimestamp, wallClock } from "./time.ts";
import {
  asKey,
  type CelValue,
  compare,
  equal,
  isBytes,
  isKind,
  isList,
  isMap,
  type Timestamp,
} from "./value.ts";

/** All there are. Published releases ignore operands beyond the last; here a wrong number is an error. */
export const FUNCTIONS: ReadonlyMap<string, CelFunction> = new Map<string, CelFunction>([
  ["size", method(1, ([value], evaluation) => size(value, evaluation))],
  ["contains", method(2, ([value, part], evaluation) => has(value, part, evaluation))],
  ["startsWith", method(2, (operands, evaluation) => compareEnds(operands, "startsWith", evaluation))],
  ["endsWith", method(2, (operands, evaluation) => compareEnds(operands, "endsWith", evaluation))],
  ["matches", method(2, ([text, pattern], evaluation) => isFound(asText(pattern), asText(text), evaluation))],
  ["int", method(1, ([value = null], evaluation) => toInt(value, evaluation))],
  ["uint", method(1, ([value = null], evaluation) => toUint(value, evaluation))],
  ["double", method(1, ([value = null], evaluation) => toDouble(value, evaluation))],
  ["string", method(1, ([value = null], evaluation) => toText(value, evaluation))],
  ["bytes", plain(1, ([value = null], evaluation) => toBytes(value, evaluation))],
  ["max", plain(undefined, (operands, evaluation) => extreme(operands, 1, evaluation))],
  ["min", plain(undefined, (operands, evaluation) => extreme(operands, -1, evaluation))],
  ["timestamp", plain(1, ([text], evaluation) => readTimestamp(text, evaluation))],
  ["duration", plain(1, ([text], evaluation) => parseDuration(asText(text), evaluation))],
  ["getFullYear", getter((clock) => clock.getUTCFullYear())],
  ["getMonth", getter((clock) => clock.getUTCMonth())],
  ["getDate", getter((clock) => clock.getUTCDate())],
  ["getDayOfMonth", getter((clock) => clock.getUTCDate() - 1)],
  ["getDayOfWeek", getter((clock) => clock.getUTCDay())],
  ["getDayOfYear", getter(dayOfYear)],
  ["getHours", getter((clock) => clock.getUTCHours())],
  ["getMinutes", getter((clock) => clock.getUTCMinutes())],
  ["getSeconds", getter((clock) => clock.getUTCSeconds())],
  ["getMilliseconds", getter((clock) => clock.getUTCMilliseconds())],
  ...TENUO_FUNCTIONS,
]);

/** Steps of telling the clock. */
const CLOCK_EFFORT = 20;

function getter(get: (clock: Date) => number): CelFunction {
  return method(1, ([value = null], evaluation) => {
    evaluation.spend(CLOCK_EFFORT);
    if (!isKind(value, "timestamp")) throw new CelError("not a timestamp");
    return BigInt(get(wallClock(value)));
  });
}

function asText(value: CelValue | undefined): string {
  if (typeof value !== "string") throw new CelError("not a text");
  return value;
}

/** Of a text in bytes of UTF-8. */
function size(value: CelValue = null, evaluation: Evaluation): bigint {
  if (typeof value === "string") {
    evaluation.spend(value.length / 16);
    return BigInt(Buffer.byteLength(value));
  }
  if (isList(value) || isBytes(value)) return BigInt(value.length);
  if (isMap(value)) return BigInt(value.size);
  throw new CelError("no size of this kind");
}

/** Like `in`, but what can't be contained isn't, whatever the kinds. */
function has(value: CelValue = null, part: CelValue = null, evaluation: Evaluation): boolean {
  if (isList(value)) return value.some((item) => equal(item, part, evaluation));
  if (isMap(value)) return value.has(asKey(part));
  if (typeof value === "string") return typeof part === "string" && contains(value, part, evaluation);
  if (!isBytes(value) || !isBytes(part)) return false;
  if (part.length === 0) throw new CelError("no bytes to look for");
  spendSearch(2 * value.length, part.length, evaluation);
  return Buffer.from(value.buffer, value.byteOffset, value.length).includes(Buffer.from(part));
}

function compareEnds(
  [text, end]: readonly CelValue[],
  which: "startsWith" | "endsWith",
  evaluation: Evaluation,
): boolean {
  const [whole, part] = [asText(text), asText(end)];
  evaluation.spend(part.length / 8);
  return whole[which](part);
}

/** What a judgement has compiled; a macro asks for the same pattern again and again. */
const PATTERNS = new WeakMap<Evaluation, Map<string, Regex>>();

/** Steps of finding a pattern again. */
const PATTERN_EFFORT = 10;

function isFound(pattern: string, text: string, evaluation: Evaluation): boolean {
  const patterns = PATTERNS.get(evaluation) ?? new Map<string, Regex>();
  PATTERNS.set(evaluation, patterns);
  evaluation.spend(PATTERN_EFFORT + pattern.length / 8);
  const compiled = patterns.get(pattern) ?? regex(pattern);
  patterns.set(pattern, compiled);
  const found = compiled.isFoundIn(text, evaluation);
  if (found === undefined) throw new CelError("not a regular expression");
  return found;
}

/** Steps of looking at an operand, beside comparing it. */
const ELEMENT_EFFORT = 4;

/** The largest (1) or smallest (-1) of the operands, or of the elements of a single list; of equal ones the last. */
function extreme(operands: readonly CelValue[], sign: 1 | -1, evaluation: Evaluation): CelValue {
  const [first] = operands;
  const values = operands.length === 1 && first !== undefined && isList(first) ? first : operands;
  evaluation.spend(ELEMENT_EFFORT * values.length);
  if (values.length === 0) throw new CelError("nothing to choose from");
  return values.reduce((best, value) => (sign * compare(value, best, evaluation) >= 0 ? value : best));
}

function readTimestamp(text: CelValue | undefined, evaluation: Evaluation): Timestamp {
  const value = parseTimestamp(asText(text), evaluation);
  if (value === undefined) throw new CelError("not a timestamp");
  return value;
}

function dayOfYear(clock: Date): number {
  const newYear = new Date(clock);
  newYear.setUTCMonth(0, 1);
  return Math.round((clock.getTime() - newYear.getTime()) / 86_400_000);
}
