import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, test } from "node:test";
import { parseJson } from "../../../src/gateway/json.ts";
import type { Value } from "../../../src/value.ts";

// JSONTestSuite's cases for parsers: what any must take, what any must refuse, and what each may decide.

type Case = { readonly name: string } & (
  | { readonly text: string; readonly times?: number; readonly end?: string }
  | { readonly base64: string }
);

const file = new URL("../../vectors/json_test_suite.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { readonly cases: readonly Case[] };

const SURROGATE = /^half of a surrogate pair stands in a text at/;
const UTF8 = /^it isn't UTF-8$/;
const DOUBLE = /^a number is beyond what a double can hold at/;
const INTEGER = /^an integer needs more than 64 bits at/;

/** What we refuse of the cases that are left to the reader, and why; the rest is taken. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  // Another reader would see infinity, null or a text.
  i_number_huge_exp: DOUBLE,
  i_number_neg_int_huge_exp: DOUBLE,
  i_number_pos_double_huge_exp: DOUBLE,
  i_number_real_neg_overflow: DOUBLE,
  i_number_real_pos_overflow: DOUBLE,
  // A proof can't name them, and a reader with doubles would round them.
  i_number_too_big_neg_int: INTEGER,
  i_number_too_big_pos_int: INTEGER,
  i_number_very_big_negative_int: INTEGER,
  // Readers replace the half, keep it or fail.
  i_object_key_lone_2nd_surrogate: SURROGATE,
  i_string_1st_surrogate_but_2nd_missing: SURROGATE,
  i_string_1st_valid_surrogate_2nd_invalid: SURROGATE,
  i_string_incomplete_surrogate_and_escape_valid: SURROGATE,
  i_string_incomplete_surrogate_pair: SURROGATE,
  i_string_incomplete_surrogates_escape_valid: SURROGATE,
  i_string_invalid_lonely_surrogate: SURROGATE,
  i_string_invalid_surrogate: SURROGATE,
  "i_string_inverted_surrogates_U+1D11E": SURROGATE,
  i_string_lone_second_surrogate: SURROGATE,
  // JSON between systems is UTF-8 (RFC 8259 §8.1).
  "i_string_UTF-16LE_with_BOM": UTF8,
  "i_string_UTF-8_invalid_sequence": UTF8,
  "i_string_UTF8_surrogate_U+D800": UTF8,
  "i_string_invalid_utf-8": UTF8,
  i_string_iso_latin_1: UTF8,
  i_string_lone_utf8_continuation_byte: UTF8,
  i_string_not_in_unicode_range: UTF8,
  i_string_overlong_sequence_2_bytes: UTF8,
  i_string_overlong_sequence_6_bytes: UTF8,
  i_string_overlong_sequence_6_bytes_null: UTF8,
  "i_string_truncated-utf-8": UTF8,
  i_string_utf16BE_no_BOM: UTF8,
  i_string_utf16LE_no_BOM: UTF8,
  i_structure_500_nested_arrays: /^nested deeper than 127 at/,
  // A byte order mark isn't blank; readers skip it or fail.
  "i_structure_UTF-8_BOM_empty_object": /^a value is missing at character 0/,
};

function bytesOf(given: Case): Buffer {
  if ("base64" in given) return Buffer.from(given.base64, "base64");
  return Buffer.from(given.text.repeat(given.times ?? 1) + (given.end ?? ""));
}

/** As JSON.parse has it: all numbers doubles. */
function plain(value: Value): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, part]) => [name, plain(part)]));
  return value;
}

function assertTaken(given: Case): void {
  const bytes = bytesOf(given);
  const result = parseJson(bytes);
  assert.ok(result.ok, result.ok ? "" : result.fault);
  assert.deepEqual(plain(result.document.value), JSON.parse(bytes.toString("utf8")));
}

describe("JSONTestSuite", () => {
  for (const given of cases) {
    const { name } = given;
    const fault = name.startsWith("n_") ? /./ : REFUSED[name];
    if (fault === undefined) it(`${name} is taken`, () => assertTaken(given));
    else {
      it(`${name} is refused`, () => {
        const result = parseJson(bytesOf(given));
        assert.ok(!result.ok);
        assert.match(result.fault, fault);
      });
    }
  }
});

test("the suite is whole, and what is said of its cases is of cases that it leaves open", () => {
  const count = (prefix: string): number => cases.filter(({ name }) => name.startsWith(prefix)).length;
  assert.deepEqual([count("y_"), count("n_"), count("i_"), cases.length], [95, 188, 35, 318]);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  for (const name of Object.keys(REFUSED)) {
    assert.ok(name.startsWith("i_") && cases.some((given) => given.name === name), name);
  }
});
