import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_NESTING } from "../../../src/cel/parse.ts";
import { judge, surprises } from "../../support/cel.ts";

test("numbers have bounds, a sign only in front of decimal ones", () => {
  const match = [
    "9223372036854775807 == 0x7FFFFFFFFFFFFFFF",
    "-9223372036854775808 < 0",
    "18446744073709551615u == 0xFFFFFFFFFFFFFFFFu",
    "007 == 7",
    "5U == 5u",
    ".5e1 == 5.0",
    "1E+2 == 100.0",
    "1in[1]",
    "1 - -1 == 2",
    "1--1 == 2",
    "-1.string() == '-1'",
  ];
  const error = [
    "9223372036854775808 > 0",
    "-(9223372036854775808) < 0",
    "18446744073709551616u > 0u",
    "0x8000000000000000 > 0",
    "-0x10 < 0",
    "-5u == 5u",
    "1e400 > 0.0",
    "1. == 1.0",
    "1_000 == 1000",
    "0X10 == 16",
    "1u5 == 1",
  ];
  assert.deepEqual(surprises({ match, error }), []);
});

test("texts have escapes, three quotes span lines, raw ones have no escapes", () => {
  const match = [
    "'\\x41\\u0041\\U00000041\\101' == 'AAAA'",
    "'\\xe9' == 'é'",
    "'\\n\\t\\\\\\'' == \"\\x0a\\x09\\x5c'\"",
    "'''a\nb''' == 'a\\nb'",
    "'''a\rb''' == 'a\\rb'",
    `"""a'b""" == "a'b"`,
    "r'\\d+' == '\\\\d+'",
    "R\"\\n\" != '\\n'",
    "'' == ''''''",
    "b'\\xff\\101é' == b'\\377A\\303\\251'",
    "'// no comment' != ''",
  ];
  const error = [
    "'a",
    "'a\nb' == 'a'",
    "'a\rb' == 'a'",
    "'\\q' == 'q'",
    "'\\400' == 'a'",
    "'\\ud800' == 'a'",
    "'\\U00110000' == 'a'",
    "'a' 'b' == 'ab'",
    "b'\\n' == b'a'",
    "'''a\\'''",
  ];
  assert.deepEqual(surprises({ match, error }), []);
});

test("a literal that published releases misread is refused", () => {
  const error = [
    '"it\\\'s" == "it\'s"',
    "'''it's''' == \"it's\"",
    "r'a\\' == 'a'",
    "b'''a''' == b'a'",
    "br'a' == b'a'",
    "!!true",
    "!!!true",
    "--1 == 1",
    "!-1",
  ];
  assert.deepEqual(surprises({ error }), []);
});

test("only a line feed ends a comment", () => {
  assert.equal(judge("true // a\n&& false"), "no_match");
  assert.equal(judge("true // a\r&& false"), "match");
  assert.equal(judge("true // a\r\n&& false"), "no_match");
  assert.equal(judge("// nothing"), "error");
  assert.equal(judge("true /* a */"), "error");
});

test("blanks are five characters of ASCII", () => {
  assert.equal(judge("\t\n\f\r true"), "match");
  for (const blank of ["\v", "\u00a0", "\u2028", "\ufeff", "\0"])
    assert.equal(judge(`${blank}true`), "error");
});

test("operators bind as in CEL", () => {
  const match = [
    "1 + 2 * 3 == 7",
    "8 / 2 / 2 == 2",
    "7 - 2 - 1 == 4",
    "-7 / 2 == -3 && -7 % 2 == -1",
    "true || false && false",
    "!true || true",
    "1 < 2 == true",
    "true ? true : false ? false : false",
    "false ? false : true ? true : false",
    "(true ? 1 : 2) + 1 == 2",
    "1 + 1 in [2]",
  ];
  assert.deepEqual(surprises({ match, error: ["true ? false ? 1 : 2 : 3", "1 < 2 < 3"] }), []);
});

test("what isn't one expression is an error", () => {
  const error = [
    "",
    " ",
    "x >",
    "(true",
    "true)",
    "true true",
    "true;",
    "()",
    "[true",
    "[1,,2] == 1",
    "{'a'}",
    "{1:}",
  ];
  const more = [
    "size('a',) == 1",
    "size(,) == 1",
    "a.",
    "a.1",
    "[1][]",
    "true ?",
    "? 1 : 2",
    "1 = 1",
    "true & true",
  ];
  const most = [
    "true and true",
    "@x",
    "a$ == 1",
    "é == 1",
    "`a`",
    "Foo{} == 1",
    "in == 1",
    "{'in':1}.in == 1",
  ];
  assert.deepEqual(surprises({ error: [...error, ...more, ...most] }), []);
});

test("lists and maps may end in a comma, and reserved words be names", () => {
  assert.deepEqual(surprises({ match: ["[1,2,] == [1,2]", "{'a':1,} == {'a':1}", "{'if':1}.if == 1"] }), []);
});

test("nesting is bounded, a sequence isn't", () => {
  const deep = (levels: number): string => `${"(".repeat(levels)}true${")".repeat(levels)}`;
  assert.equal(judge(deep(MAX_NESTING - 1)), "match");
  assert.equal(judge(deep(MAX_NESTING)), "error");
  assert.equal(judge(`0${" + 1".repeat(MAX_NESTING - 2)} == ${MAX_NESTING - 2}`), "match");
  assert.equal(judge(`0${" + 1".repeat(MAX_NESTING)} == ${MAX_NESTING}`), "error");
  assert.equal(judge(`${"x == 1 || ".repeat(1000)}true`, new Map([["x", 2n]])), "match");
});
