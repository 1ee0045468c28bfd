import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Value } from "../../../../src/value.ts";
import { exact, oneOf, parseConstraint, shlex } from "../../../../src/warrant/constraint/index.ts";
import { commandOf } from "../../../../src/warrant/constraint/shell-words.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { assertNarrowing } from "../../../support/narrowing.ts";
import { rewritten } from "./values.ts";

test("the command is the first word, put together as a shell would", () => {
  const commands: readonly (readonly [string, string])[] = [
    ["ls", "ls"],
    [" \tls -l", "ls"],
    ["'l'\"s\" x", "ls"],
    ["l\\s", "ls"],
    ["'my cmd' x", "my cmd"],
    ["my\\ cmd", "my cmd"],
    ['"a\\"b\\\\c\\d"', 'a"b\\c\\d'],
    ["'a\\'", "a\\"],
    ["'' ls", ""],
    ["\u00a0ls", "\u00a0ls"],
    ["#ls", "#ls"],
    ["{ls}!~*[,]= x", "{ls}!~*[,]="],
    ["ls '|' \";\" \\& '<(x)' ''", "ls"],
  ];
  for (const [text, command] of commands) assert.equal(commandOf(text), command, text);
});

test("what isn't one plain command has none", () => {
  const operators = [
    "<<-",
    "&&",
    "||",
    ";;",
    "|&",
    "<<",
    ">>",
    "<&",
    ">&",
    "<>",
    "|",
    "&",
    ";",
    "<",
    ">",
    "(",
    ")",
  ];
  for (const operator of operators) {
    for (const text of [operator, `ls ${operator} x`, `ls${operator}`])
      assert.equal(commandOf(text), undefined, text);
  }
  const others = ["", " \t", "ls '", 'ls "', "ls 'a", 'ls "a\\"', "ls \\", "\\", '"\\'];
  for (const text of others) assert.equal(commandOf(text), undefined, text);
});

test("controls and expansions are refused wherever they stand", () => {
  for (const forbidden of "\0\x07\b\n\v\f\r\x7f$`") {
    for (const text of [`ls ${forbidden}`, `ls '${forbidden}'`, `ls "${forbidden}"`, `ls \\${forbidden}`]) {
      assert.equal(commandOf(text), undefined, JSON.stringify(text));
    }
  }
  assert.equal(commandOf("ls \x1b\u0085"), "ls");
});

test("the command has to be an entry, letter by letter", () => {
  const allow = shlex(["ls", "/usr/bin/ls", "a..b", "", "café"]);
  for (const text of ["ls", "ls -l ../../etc *", "/usr/bin/ls", "café x"])
    assert.equal(matches(allow, text), "match");
  for (const text of ["LS", "/bin/ls", "lsx", "a..b", "''", "'' ls", "cafe\u0301", "ls;id", "ls $(id)"]) {
    assert.equal(matches(allow, text), "no_match", text);
  }
  assert.equal(matches(shlex([]), "ls"), "no_match");
});

test("only text can match", () => {
  for (const other of [null, 1n, ["ls"], new Map<string, Value>()])
    assert.equal(matches(shlex(["ls"]), other), "no_match");
});

test("a child may list fewer commands, or one command line", () => {
  const parent = shlex(["ls", "cat"]);
  for (const child of [parent, shlex(["cat", "ls"]), shlex(["ls"]), shlex([]), exact("ls -l")]) {
    assert.equal(permits(parent, child), true, child.describe());
  }
  for (const child of [
    shlex(["ls", "rm"]),
    shlex(["/bin/ls"]),
    exact("rm"),
    exact("ls; rm"),
    exact(1n),
    oneOf(["ls"]),
  ]) {
    assert.equal(permits(parent, child), false, child.describe());
  }
});

const words = fc.constantFrom("ls", "ls ", "cat ", "l", "s", "..", "'", '"', "\\", "\t", ";", "$", "x");
const line = fc.array(words, { maxLength: 6 }).map((parts) => parts.join(""));
const commands = fc.subarray(["ls", "cat", "x", "..", ""]);

test("what a permitted child matches, its parent matches", () => {
  const child = fc.oneof(commands.map(shlex), line.map(exact));
  assertNarrowing(
    fc.tuple(commands.map(shlex), child, line),
    ([parent, narrower, text]) => {
      const own = narrower.kind === "Exact" ? [narrower.value] : [];
      return { parent, child: narrower, probes: [text, `ls ${text}`, `cat ${text}`, ...own] };
    },
    { runs: 10_000, leastHits: 200 },
  );
});

test("a constraint permits itself and survives its wire form", () => {
  fc.assert(
    fc.property(commands.map(shlex), line, (original, text) => {
      assert.equal(permits(original, original), true);
      assert.equal(rewritten(original).describe(), original.describe());
      assert.equal(matches(rewritten(original), text), matches(original, text));
    }),
  );
  for (const value of [null, ["ls"], new Map(), new Map([["allow", [1n]]]), new Map([["allow", "ls"]])]) {
    assert.throws(() => parseConstraint([128n, value]), Malformed);
  }
});

test("the longest command lines and lists are within the effort of a request", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `c${i}`);
  assert.equal(permits(shlex(many), shlex(many)), true);
  for (const text of ["ls ".repeat(20_000), `ls '${"a".repeat(60_000)}'`, `ls ${"\\a".repeat(30_000)}`]) {
    assert.equal(matches(shlex(["ls"]), text), "match");
  }
});
