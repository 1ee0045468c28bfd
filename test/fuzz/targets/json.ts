import assert from "node:assert/strict";
import { type JsonDocument, readJson } from "../../../src/gateway/json.ts";
import {
  MAX_JSON_DEPTH,
  MAX_JSON_MEMBERS,
  MAX_JSON_NUMBER_CHARS,
  MAX_JSON_VALUES,
} from "../../../src/gateway/limits.ts";
import { I64_MAX, I64_MIN, isList, isObject, type Value } from "../../../src/value.ts";
import { mutateBytes, words } from "../mutate.ts";
import { outcome, settle, type Target } from "../target.ts";

const SEEDS = [
  '{"a":[1,2.5,"x\\n\\u00e9",true,false,null],"b":{"c":-0,"d":1e3,"e":-12.5E-2},"a":1}',
  '[[[]],{"":{}},"\\ud83d\\ude00","é😀"] ',
  "\ufeff[]",
  '"\\ud800"',
  "9223372036854775807",
  "-9223372036854775809",
  "1e999",
  `${"[".repeat(127)}${"]".repeat(127)}`,
  `${"[".repeat(128)}${"]".repeat(128)}`,
  `${'{"a":'.repeat(90)}0${"}".repeat(90)}`,
  '{"__proto__":1,"constructor":{"__proto__":2}}',
  `[${"0,".repeat(99)}0]`,
];
const WORDS = [
  ...words(
    '{ } [ ] , : " \\ \\u \\ud800 \\udc00 \\n \\/ true false null 0 -0 1.0 1e5 -1E-5 9007199254740993 9223372036854775808',
  ),
  ...[
    "\xef\xbb\xbf",
    "\xff",
    "\xed\xa0\x80",
    "\xc0\x80",
    "\xf4\x90\x80\x80",
    "\r\n\t ",
    '{"a":',
    '"a":1,',
    "\u000b",
    "\xa0",
    "//",
    "NaN",
  ],
];

/** A JSON body. `JSON.parse` is the second opinion on what is one, but for what is meant to be stricter. */
export const json: Target = {
  name: "json",
  maxBytes: 262_144,
  seeds: () => SEEDS.map((text) => Buffer.from(text)),
  mutate: (input, random, other) => mutateBytes(input, random, other, WORDS),
  run: (input) => {
    const result = settle(readJson(input));
    return outcome(result.ok ? `read ${result.document.repeated.size > 0}` : result.fault, () => {
      const theirs = parsed(input);
      if (result.ok) {
        assert.ok(theirs !== undefined, "JSON.parse refuses it");
        assertSame(result.document.value, theirs.value);
        assert.equal(strictness(input, theirs.value), undefined);
        assertRepeated(result.document, Buffer.from(input).toString());
      } else if (theirs !== undefined) {
        assert.ok(strictness(input, theirs.value) !== undefined, `JSON.parse takes it: ${result.fault}`);
      }
    });
  },
};

/** A number as it was written. */
class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function parsed(input: Uint8Array): { readonly value: unknown } | undefined {
  try {
    const keepDigits = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
      typeof value === "number" ? new Digits(context?.source ?? "") : value;
    return { value: JSON.parse(Buffer.from(input).toString(), keepDigits) };
  } catch {
    return undefined;
  }
}

function assertSame(ours: Value, theirs: unknown): void {
  if (theirs instanceof Digits) {
    const isInteger = /^-?[0-9]+$/.test(theirs.text) && theirs.text !== "-0";
    assert.ok(
      Object.is(ours, isInteger ? BigInt(theirs.text) : Number(theirs.text)),
      `${ours} for ${theirs.text}`,
    );
  } else if (isList(ours)) {
    assert.ok(Array.isArray(theirs) && theirs.length === ours.length);
    for (const [i, item] of ours.entries()) assertSame(item, theirs[i]);
  } else if (isObject(ours)) {
    assert.ok(typeof theirs === "object" && theirs !== null && !Array.isArray(theirs));
    const members = new Map(Object.entries(theirs));
    assert.equal(members.size, ours.size);
    for (const [name, member] of ours) assertSame(member, members.get(name));
  } else assert.equal(ours, theirs);
}

/** Why a text that `JSON.parse` takes is refused: each of the rules that are meant to be stricter, from scratch. */
function strictness(input: Uint8Array, value: unknown): string | undefined {
  const text = Buffer.from(input).toString();
  if (Buffer.compare(Buffer.from(text), input) !== 0) return "not UTF-8";
  let values = 0;
  const visit = (part: unknown, depth: number): string | undefined => {
    values++;
    if (typeof part === "string") return part.isWellFormed() ? undefined : "a lone surrogate";
    if (part instanceof Digits) return numberFault(part.text);
    if (typeof part !== "object" || part === null) return undefined;
    if (depth >= MAX_JSON_DEPTH) return "too deep";
    if (!Array.isArray(part) && Object.keys(part).length > MAX_JSON_MEMBERS) return "too many members";
    for (const [name, member] of Object.entries(part)) {
      const fault = name.isWellFormed() ? visit(member, depth + 1) : "a lone surrogate";
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  // Of a repeated name only the last value is left, so values that don't come back are told from the text itself.
  return visit(value, 0) ?? (values > MAX_JSON_VALUES ? "too many" : undefined) ?? hiddenFault(text);
}

function numberFault(digits: string): string | undefined {
  if (digits.length > MAX_JSON_NUMBER_CHARS) return "too many digits";
  if (!Number.isFinite(Number(digits))) return "beyond a double";
  if (!/^-?[0-9]+$/.test(digits)) return undefined;
  return BigInt(digits) < I64_MIN || BigInt(digits) > I64_MAX ? "beyond 64 bits" : undefined;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The same for a text that is known to be JSON, with what stands under a name that is given again. */
function hiddenFault(text: string): string | undefined {
  let depth = 0;
  let values = 1;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    if (token === "," || token === "[" || token === "{") values++;
    if (depth > MAX_JSON_DEPTH) return "too deep";
    if (token.startsWith('"') && !(JSON.parse(token) as string).isWellFormed()) return "a lone surrogate";
    const fault = /^[-0-9]/.test(token) ? numberFault(token) : undefined;
    if (fault !== undefined) return fault;
  }
  return values > MAX_JSON_VALUES ? "too many" : undefined;
}

/** The repeated names are those that the text has twice in one object. */
function assertRepeated({ repeated }: JsonDocument, text: string): void {
  const open: { readonly names: Map<string, number> | undefined }[] = [];
  let last = "";
  let twice = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    const names = open.at(-1)?.names;
    if (token === ":" && names !== undefined) {
      const name = JSON.parse(last) as string;
      names.set(name, (names.get(name) ?? 0) + 1);
      if (names.get(name) === 2) twice++;
    }
    if (token === "{") open.push({ names: new Map() });
    if (token === "[") open.push({ names: undefined });
    if (token === "}" || token === "]") open.pop();
    last = token;
  }
  const told = [...repeated.values()].reduce((sum, names) => sum + names.size, 0);
  assert.equal(told, twice, "repeated names");
}
