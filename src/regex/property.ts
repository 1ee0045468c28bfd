import type { CodePoints } from "./code-points.ts";
import { isNewer } from "./newer.ts";
import { BINARY_NAMES, CATEGORY_NAMES, SCRIPT_NAMES } from "./property-names.ts";

/**
 * The code points of a Unicode property, written as inside `\p{…}`: a general category, a script or a binary property,
 * or `gc=…` or `sc=…`, with `=`, `:` or `!=`. Case, blanks, `_`, `-` and a leading `is` make no difference.
 *
 * @returns undefined for a name that isn't known.
 */
export function property(text: string): { readonly set: CodePoints; readonly negated: boolean } | undefined {
  const [, name = "", operator, value = ""] = /^(.*?)(?:(!=|[:=])(.*))?$/su.exec(text) ?? [];
  const names = operator === undefined ? NAMES : VALUES.get(normalize(name));
  const source = names?.get(normalize(operator === undefined ? name : value));
  return source === undefined ? undefined : { set: setOf(source), negated: operator === "!=" };
}

/** Loose matching of names, UAX #44 LM3. */
function normalize(name: string): string {
  const plain = name
    .replace(/^is/i, "")
    .replace(/[^!-~]|[_-]/g, "")
    .toLowerCase();
  // `isc` is another property than `c`.
  return plain === "c" && /^is/i.test(name) ? "isc" : plain;
}

const CATEGORIES = byName(CATEGORY_NAMES, (name) => `\\p{${name}}`);
const SCRIPTS = byName(SCRIPT_NAMES, (name) => `\\p{sc=${name}}`);
const NAMES = new Map([...SCRIPTS, ...CATEGORIES, ...byName(BINARY_NAMES, (name) => `\\p{${name}}`)]);
const VALUES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ["gc", CATEGORIES],
  ["generalcategory", CATEGORIES],
  ["sc", SCRIPTS],
  ["script", SCRIPTS],
]);

function byName(names: readonly string[], sourceOf: (name: string) => string): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [normalize(name), sourceOf(name)]));
}

const HOLDS_UNASSIGNED = /^\\p\{(?:Any|Unassigned|Cn|Other|C)\}$/;
const PROPERTY_EFFORT = 8;
/** Rust's limit leaves room for 388 of the largest properties. */
const PROPERTY_SIZE = 60;

const known = new Map<string, CodePoints>();

/** Sets are shared: there are no more than names in the tables above. */
function setOf(source: string): CodePoints {
  const kept = known.get(source);
  if (kept !== undefined) return kept;
  // A regular expression of the platform is safe here: it is held against one character, by a fixed source.
  const expression = new RegExp(`^${source}$`, "u");
  const test = (codePoint: number): boolean => expression.test(String.fromCodePoint(codePoint));
  const ascii = Array.from({ length: 0x80 }, (_, codePoint) => test(codePoint));
  const newer = HOLDS_UNASSIGNED.test(source);
  const set: CodePoints = Object.freeze({
    effort: PROPERTY_EFFORT,
    size: PROPERTY_SIZE,
    has: (codePoint: number) => ascii[codePoint] ?? (isNewer(codePoint) ? newer : test(codePoint)),
  });
  known.set(source, set);
  return set;
}

/** `\w`, `\d` and `\s`, which are closed under case. */
export const WORD = setOf("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]");
export const DIGIT = setOf("\\p{Nd}");
export const SPACE = setOf("\\p{White_Space}");

/** What the name of a group may begin with, and what it may go on with, besides punctuation. */
export const LETTER = setOf("\\p{Alphabetic}");
export const LETTER_OR_NUMBER = setOf("[\\p{Alphabetic}\\p{N}]");
