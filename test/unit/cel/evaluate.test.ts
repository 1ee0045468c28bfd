import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, surprises } from "../../support/cel.ts";

test("an argument is `value`, the members of an object are names of their own", () => {
  assert.equal(judge("value == 'a'", "a"), "match");
  assert.equal(judge("amount < 10", new Map([["amount", 5n]])), "match");
  assert.equal(judge("value.amount < 10", new Map([["amount", 5n]])), "error");
  assert.equal(judge("value < 10", new Map([["value", 5n]])), "match");
  assert.equal(judge("a.b == 1", new Map([["a.b", 1n]])), "error");
  assert.equal(judge("a.b == 1", new Map([["a", new Map([["b", 1n]])]])), "match");
  assert.equal(judge("true == true", new Map([["true", false]])), "match");
  assert.equal(judge("__proto__ == 1", new Map([["a", 1n]])), "error");
});

test("only a boolean is an answer", () => {
  assert.deepEqual(
    surprises({ match: ["true"], noMatch: ["false"], error: ["1", "'true'", "null", "[]", "value"] }),
    [],
  );
});

test("nothing but a boolean is true or false", () => {
  const error = ["!1", "!null", "1 || true", "false || 1", "true && 1", "null && true", "1 ? true : false"];
  const macros = ["[1].all(x, x)", "[1].exists(x, x)", "[1].exists_one(x, x)", "[1].filter(x, x) == [1]"];
  assert.deepEqual(surprises({ error: [...error, ...macros] }), []);
});

test("from left to right, an error is final and what isn't reached doesn't matter", () => {
  const match = ["true || nope", "!(false && nope)", "true ? true : nope", "[1, 0].exists(x, 1 / x == 1)"];
  const error = ["nope || true", "nope && false", "1 / 0 == 1 || true", "[0, 1].exists(x, 1 / x == 1)"];
  assert.deepEqual(surprises({ match, error }), []);
});

test("numbers compare by value across kinds, by way of doubles", () => {
  const match = [
    "1 == 1.0 && 1u == 1 && 1u == 1.0",
    "-1 < 1u && 1u < 2.5",
    "9007199254740993 == 9007199254740992.0",
    "0.0 == -0.0",
    "[1] == [1.0] && {'a': 1} == {'a': 1u}",
    "1 in [1.0]",
    "0.0 / 0.0 != 0.0 / 0.0",
  ];
  assert.deepEqual(surprises({ match, error: ["0.0 / 0.0 < 1.0"] }), []);
  assert.equal(judge("value == 9223372036854775807", 2n ** 63n - 1n), "match");
});

test("unlike kinds are unequal, and have no order", () => {
  const noMatch = ["1 == '1'", "1 == true", "null == false", "b'a' == 'a'", "[] == {}"];
  const error = ["1 < '1'", "null < null", "[1] < [2]", "b'a' < b'b'", "duration('1s') < 1"];
  assert.deepEqual(surprises({ match: ["false < true", "'a' < 'b'"], noMatch, error }), []);
});

test("texts are ordered by code point", () => {
  assert.deepEqual(surprises({ match: ["'\\uffff' < '\\U0001F600'", "'a' < 'aa'", "'' < 'a'"] }), []);
});

test("kinds of numbers don't mix in arithmetic, and nothing overflows", () => {
  const match = [
    "1 + 2 == 3",
    "1u + 2u == 3u",
    "1.0 / 0.0 > 1e308",
    "5 % 3 == 2",
    "-(-9223372036854775808) < 0",
  ];
  const mixed = ["1 + 1.0 == 2.0", "1 + 1u == 2", "5.0 % 3.0 == 2.0", "1.0 / 0 == 1.0", "'a' + 1 == 'a1'"];
  const overflows = [
    "9223372036854775807 + 1 > 0",
    "-9223372036854775808 - 1 < 0",
    "4611686018427387904 * 2 > 0",
    "-9223372036854775808 / -1 > 0",
    "-9223372036854775808 % -1 == 0",
    "0u - 1u == 0u",
    "1 / 0 == 0",
    "1 % 0 == 0",
    "1u / 0u == 0u",
  ];
  assert.deepEqual(surprises({ match, error: [...mixed, ...overflows] }), []);
});

test("texts and lists are joined", () => {
  const match = ["'a' + 'b' == 'ab'", "[1] + ['a'] == [1, 'a']"];
  assert.deepEqual(
    surprises({ match, error: ["b'a' + b'b' == b'ab'", "{} + {} == {}", "[1] + 1 == [1, 1]"] }),
    [],
  );
});

test("`in` looks into texts, lists and the keys of maps", () => {
  const match = [
    "'adm' in 'xadmin'",
    "'' in 'a'",
    "'a' in ['a']",
    "'a' in {'a': 1}",
    "1 in {1: 1}",
    "[1] in [[1]]",
  ];
  const error = ["1 in 'abc'", "1 in 5", "1.0 in {1: 1}", "null in {'a': 1}", "1 in null"];
  assert.deepEqual(surprises({ match, noMatch: ["'b' in {'a': 'b'}", "1 in ['1']"], error }), []);
});

test("outside a list or text is null, outside a map an error", () => {
  const match = [
    "[1][0] == 1",
    "[1][1] == null && [1][-1] == null && [1][9223372036854775807] == null",
    "'abc'[1] == 'b' && 'abc'[3] == null",
    "'éa'[0] == null && 'éa'[1] == null && 'éa'[2] == 'a'",
    "{'a': 1}['a'] == 1 && {1: 2}[1] == 2",
  ];
  const error = [
    "{'a': 1}['b'] == null",
    "{'a': 1}.b == null",
    "[1][0u] == 1",
    "[1]['a'] == 1",
    "5[0] == 1",
    "null.a == 1",
  ];
  assert.deepEqual(surprises({ match, error }), []);
});

test("`has` asks whether a map has a member", () => {
  const match = ["has({'a': null}.a)", "!has({'a': 1}.b)", "!has('a'.b)", "has({'a': {'b': 1}}.a.b)"];
  assert.deepEqual(
    surprises({ match, error: ["has(nope.a)", "has({}.a.b)", "has(1)", "has({'a': 1}['a'])", "has()"] }),
    [],
  );
});

test("macros go through the elements of a list or the keys of a map", () => {
  const match = [
    "[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1) && [].all(x, false)",
    "[1, 2].exists(x, x == 2) && ![].exists(x, true)",
    "[1, 2].exists_one(x, x == 2) && ![2, 2].exists_one(x, x == 2)",
    "[1, 2].map(x, x * 2) == [2, 4]",
    "[1, 2].map(x, x > 1, x * 2) == [4]",
    "[1, 2].filter(x, x > 1) == [2]",
    "{'a': 1}.all(k, k == 'a')",
    "[[1, 2], [3]].all(l, l.all(x, x > 0))",
  ];
  const error = [
    "'abc'.all(x, true)",
    "5.map(x, x) == []",
    "null.exists(x, true)",
    "[1].map(x.y, 1) == [1]",
    "[1].map('x', 1) == [1]",
    "[1].all(x, true, false)",
    "all([1], x, true)",
    "[1].map(x) == [1]",
  ];
  assert.deepEqual(surprises({ match, error }), []);
});

test("a macro's variable hides another of its name, until its end", () => {
  assert.equal(judge("[1].all(value, value == 1) && value == 'a'", "a"), "match");
  assert.equal(judge("[1].all(x, [2].all(x, x == 2) && x == 1)"), "match");
  assert.equal(judge("[1].map(x, x) == [x]"), "error");
});
