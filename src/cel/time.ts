import type { Evaluation } from "../evaluation.ts";
import { I64_MAX } from "../value.ts";
import { CelError } from "./error.ts";
import type { Duration, Timestamp } from "./value.ts";

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;

/** Steps of reading a timestamp or a duration, beside those for its characters. */
const READ_EFFORT = 20;

/** RFC 3339, with a blank for the `T` and U+2212 for the minus as published releases accept them. */
const RFC_3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([-+\u2212])([0-9]{2}):([0-9]{2}))$/;

/**
 * What the text says, or undefined when it isn't RFC 3339.
 *
 * @throws {CelError} for a leap second, which has no place in the count of seconds.
 */
export function parseTimestamp(text: string, evaluation: Evaluation): Timestamp | undefined {
  evaluation.spend(READ_EFFORT + text.length / 8);
  const parts = RFC_3339.exec(text);
  if (parts === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hours,
    minutes,
    seconds,
    fraction = "",
    sign,
    zoneHours = "0",
    zoneMinutes = "0",
  ] = parts;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return undefined;
  if (seconds === "60") throw new CelError("a leap second");
  const offset =
    (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === undefined || sign === "+" ? 1 : -1);
  const local = date.getTime() / 1000 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const nanos = BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return { kind: "timestamp", nanos: BigInt(local - offset * 60) * SECOND + nanos, offsetMinutes: offset };
}

const FIRST = -62_135_596_800n * SECOND;
const LAST = 253_402_300_800n * SECOND - 1n;

/** @throws {CelError} outside the years 1 to 9999. */
export function timestamp(nanos: bigint, offsetMinutes: number): Timestamp {
  if (nanos < FIRST || nanos > LAST) throw new CelError("outside the range of timestamps");
  return { kind: "timestamp", nanos, offsetMinutes };
}

/** The clock on the wall where the timestamp was written, to the millisecond. */
export function wallClock(value: Timestamp): Date {
  return new Date(Number(floorDivide(value.nanos, 1_000_000n)) + value.offsetMinutes * 60_000);
}

/** Years have four digits, fractions none, three, six or nine. */
export function formatTimestamp(value: Timestamp): string {
  const nanos = value.nanos - floorDivide(value.nanos, SECOND) * SECOND;
  const clock = wallClock(value);
  if (clock.getUTCFullYear() < 0 || clock.getUTCFullYear() > 9999)
    throw new CelError("a year without four digits");
  const digits = String(nanos).padStart(9, "0");
  const fraction = nanos === 0n ? "" : `.${digits.replace(/(?:000){1,2}$/, "")}`;
  const minutes = Math.abs(value.offsetMinutes);
  const zone = `${value.offsetMinutes < 0 ? "-" : "+"}${twoDigits(Math.trunc(minutes / 60))}:${twoDigits(minutes % 60)}`;
  return `${clock.toISOString().slice(0, 19)}${fraction}${zone}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

/** @throws {CelError} outside the milliseconds that i64 can count. */
export function duration(nanos: bigint): Duration {
  const limit = I64_MAX * 1_000_000n;
  if (nanos > limit || nanos < -limit) throw new CelError("outside the range of durations");
  return { kind: "duration", nanos };
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["h", 3.6e12],
  ["m", 6e10],
  ["s", 1e9],
  ["ms", 1e6],
  ["us", 1e3],
  ["ns", 1],
]);

/** Numbers with units, such as `1h30m` or `-1.5s`, or a bare `0`; each part goes through a double, as in the reference. */
export function parseDuration(text: string, evaluation: Evaluation): Duration {
  evaluation.spend(READ_EFFORT + text.length);
  const [, sign, parts = ""] =
    /^([+-]?)((?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|m|s|us|ns))+)$/.exec(text) ?? [];
  if (text === "0" || text === "-0") return duration(0n);
  if (sign === undefined) throw new CelError("not a duration");
  let nanos = 0n;
  for (const [, number, unit = ""] of parts.matchAll(/([0-9.]+)([a-z]+)/g)) {
    const part = Number(number) * (UNITS.get(unit) ?? Number.NaN);
    if (!(part < 2 ** 63)) throw new CelError("outside the range of durations");
    nanos += BigInt(Math.trunc(part));
  }
  if (nanos > I64_MAX) throw new CelError("outside the range of durations");
  return duration(sign === "-" ? -nanos : nanos);
}

/** Like `1h0m1.5s`, `1.5ms`. */
export function formatDuration({ nanos }: Duration): string {
  // Published releases print others as another duration.
  if (nanos < 0n || nanos > I64_MAX) throw new CelError("a duration without a text");
  if (nanos === 0n) return "0s";
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimal(nanos, 1_000n)}µs`;
  if (nanos < SECOND) return `${decimal(nanos, 1_000_000n)}ms`;
  const seconds = `${decimal(nanos % MINUTE, SECOND)}s`;
  if (nanos < MINUTE) return seconds;
  const minutes = `${(nanos % HOUR) / MINUTE}m${seconds}`;
  return nanos < HOUR ? minutes : `${nanos / HOUR}h${minutes}`;
}

function decimal(nanos: bigint, unit: bigint): string {
  const digits = String(nanos % unit).padStart(String(unit).length - 1, "0");
  return `${nanos / unit}.${digits}`.replace(/\.?0*$/, "");
}
