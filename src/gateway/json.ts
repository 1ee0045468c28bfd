// JSON text → Value. None of the npm readers (lossless-json, json-bigint, momoa, jsonc-parser) keeps 1 and 1.0
// apart and 64-bit integers exact, tells repeated member names, and refuses lone surrogates and bad UTF-8.
import { Buffer, isUtf8 } from "node:buffer";
import { finish, type Steps } from "../steps.ts";
import type { Value } from "../value.ts";
import { isContinuation, JsonFault, JsonScanner } from "./json-scanner.ts";
import { MAX_JSON_DEPTH, MAX_JSON_MEMBERS, MAX_JSON_VALUES } from "./limits.ts";

export type JsonResult =
  | { readonly ok: true; readonly document: JsonDocument }
  | { readonly ok: false; readonly fault: string };

export interface JsonDocument {
  readonly value: Value;
  /** Names given more than once, escapes undone, by the object that holds them; such an object has the last. */
  readonly repeated: ReadonlyMap<Value, ReadonlySet<string>>;
}

/**
 * Reads one JSON text (RFC 8259) without losing anything: integers are bigints, all other numbers floats. It yields
 * every 0.3 ms or sooner, whatever the bytes are.
 */
export function* readJson(bytes: Uint8Array): Steps<JsonResult> {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!(yield* isValidUtf8(given))) return { ok: false, fault: "it isn't UTF-8" };
  try {
    return { ok: true, document: yield* readDocument(new JsonScanner(given)) };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const character = yield* charactersBefore(given, error.at);
    return { ok: false, fault: `${error.message} at character ${character}` };
  }
}

/** The same in one go, where nobody waits for a turn. */
export function parseJson(bytes: Uint8Array): JsonResult {
  return finish(readJson(bytes));
}

/** A list or an object that isn't closed yet. */
type Open = { readonly items: Value[]; readonly members?: undefined } | OpenObject;

interface OpenObject {
  readonly members: Map<string, Value>;
  /** Of the member whose value comes next. */
  name: string;
}

function* readDocument(scanner: JsonScanner): Steps<JsonDocument> {
  const repeated = new Map<Value, Set<string>>();
  const nest: Open[] = [];
  let open: Open | undefined;
  for (let values = 0; ; values++) {
    while (!scanner.reachToken()) yield;
    if (open?.members !== undefined) {
      scanner.openText();
      open.name = scanner.text() ?? (yield* restOfText(scanner));
      while (!scanner.reachToken()) yield;
      if (!scanner.take(COLON)) scanner.fail("`:` is missing");
      while (!scanner.reachToken()) yield;
    }

    if (values === MAX_JSON_VALUES) scanner.fail(`more than ${MAX_JSON_VALUES} values`);
    let value: Value;
    const byte = scanner.peek();
    if (byte === QUOTE) {
      scanner.openText();
      value = scanner.text() ?? (yield* restOfText(scanner));
    } else if (byte === BRACKET || byte === BRACE) {
      if (nest.length === MAX_JSON_DEPTH) scanner.fail(`nested deeper than ${MAX_JSON_DEPTH}`);
      scanner.take(byte);
      while (!scanner.reachToken()) yield;
      const inner: Open = byte === BRACE ? { members: new Map(), name: "" } : { items: [] };
      if (!scanner.take(byte + TO_CLOSING)) {
        nest.push(inner);
        open = inner;
        continue;
      }
      value = inner.members ?? inner.items;
    } else value = scanner.scalar(byte);

    // What holds the value may end with it, and so on outwards.
    for (;;) {
      while (!scanner.reachToken()) yield;
      if (open === undefined) {
        if (scanner.peek() !== undefined) scanner.fail("text follows the value");
        return { value, repeated };
      }
      if (open.members === undefined) open.items.push(value);
      else addMember(open, value, repeated, scanner);
      if (scanner.take(COMMA)) break;
      const closing = open.members === undefined ? BRACKET + TO_CLOSING : BRACE + TO_CLOSING;
      if (!scanner.take(closing)) scanner.fail(`\`,\` or \`${String.fromCharCode(closing)}\` is missing`);
      value = open.members ?? open.items;
      nest.pop();
      open = nest.at(-1);
    }
  }
}

/** Of a text that takes more than one stretch. */
function* restOfText(scanner: JsonScanner): Steps<string> {
  for (;;) {
    yield;
    const text = scanner.text();
    if (text !== undefined) return text;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BRACE = 0x7b;
/** From `[` to `]`, and from `{` to `}`. */
const TO_CLOSING = 2;

function addMember(
  { members, name }: OpenObject,
  value: Value,
  repeated: Map<Value, Set<string>>,
  scanner: JsonScanner,
): void {
  const { size } = members;
  members.set(name, value);
  if (members.size === size) repeated.set(members, (repeated.get(members) ?? new Set()).add(name));
  else if (size === MAX_JSON_MEMBERS) scanner.fail(`more than ${MAX_JSON_MEMBERS} members in an object`);
}

function* isValidUtf8(bytes: Buffer): Steps<boolean> {
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    if (start > 0) yield;
    end = sliceEnd(bytes, start, bytes.length);
    if (!isUtf8(bytes.subarray(start, end))) return false;
  }
  return true;
}

/** UTF-16 code units before a byte: characters as JavaScript counts them. */
function* charactersBefore(bytes: Buffer, last: number): Steps<number> {
  let count = 0;
  for (let start = 0, end = 0; start < last; start = end) {
    yield;
    end = sliceEnd(bytes, start, last);
    count += bytes.toString("utf8", start, end).length;
  }
  return count;
}

/** Bytes looked at in one go, which takes some 0.1 ms. */
const SLICE = 262_144;

/** Where a slice ends that cuts no character in two: three bytes at most go on with one. */
function sliceEnd(bytes: Buffer, start: number, last: number): number {
  let end = Math.min(start + SLICE, last);
  for (let i = 0; i < 3 && isContinuation(bytes[end]); i++) end--;
  return end;
}
