import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Evaluation, TooCostly } from "../../../../src/evaluation.ts";
import type { Value } from "../../../../src/value.ts";
import {
  type Constraint,
  exact,
  oneOf,
  parseConstraint,
  pattern,
  subpath,
  subset,
} from "../../../../src/warrant/constraint/index.ts";
import { normalizePath } from "../../../../src/warrant/constraint/path.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { assertNarrowing } from "../../../support/narrowing.ts";
import { rewritten } from "./values.ts";

const data = subpath("/data");

test("a path has one spelling", () => {
  const spellings: readonly (readonly [string, string])[] = [
    ["/", "/"],
    ["//data", "/data"],
    ["/data/", "/data"],
    ["/data/./a//b", "/data/a/b"],
    ["/data/../etc", "/etc"],
    ["/..", "/"],
    ["/data\\..\\..\\etc", "/etc"],
    ["/data/.../.. ", "/data/.../.. "],
    ["/%2e%2e/~", "/%2e%2e/~"],
    ["C:\\", "C:\\"],
    ["C:\\a\\..\\..\\b", "C:\\b"],
    ["c:/a\\b", "c:/a/b"],
  ];
  for (const [text, spelling] of spellings) assert.equal(normalizePath(text), spelling);
  const none = ["", "data", "./data", "C:", "C:data", "é:/a", "1:/a", "@:/a", "\\data", "/da\0ta", "data\0"];
  for (const text of none) assert.equal(normalizePath(text), undefined, text);
});

test("a path lies below the root, or is the root", () => {
  for (const inside of ["/data", "/data/a", "/data/../data/a", "//data//a/", "/data\\a"]) {
    assert.equal(matches(data, inside), "match", inside);
  }
  for (const outside of [
    "/",
    "/etc",
    "/database",
    "/data/../etc",
    "/data\\..\\etc",
    "data/a",
    "/DATA/a",
    "/data\0",
    "",
  ]) {
    assert.equal(matches(data, outside), "no_match", outside);
  }
});

test("the root itself may be left out", () => {
  const below = subpath("/data", { allowEqual: false });
  assert.equal(matches(below, "/data/a"), "match");
  for (const root of ["/data", "/data/", "/data/a/.."]) assert.equal(matches(below, root), "no_match");
  assert.equal(matches(subpath("/", { allowEqual: false }), "/.."), "match");
});

test("without case the path is compared in small letters, the root as it is", () => {
  const insensitive = subpath("/data/ς", { caseSensitive: false });
  assert.equal(matches(insensitive, "/Data/Σ"), "no_match");
  assert.equal(matches(insensitive, "/DATA/Σ/x".replace("Σ", "AΣ")), "no_match");
  assert.equal(matches(subpath("/data/aς", { caseSensitive: false }), "/DATA/AΣ/X"), "match");
  assert.equal(matches(subpath("/data/i\u0307", { caseSensitive: false }), "/data/İ"), "match");
  assert.equal(matches(subpath("/k", { caseSensitive: false }), "/\u212a"), "match");
  assert.equal(matches(subpath("/Data", { caseSensitive: false }), "/Data"), "no_match");
});

test("a root counts as it is written", () => {
  assert.equal(matches(subpath("/data/"), "/data"), "no_match");
  assert.equal(matches(subpath("/data/"), "/data/a"), "match");
  for (const root of ["//data", "/data/../etc", "/data/.", "data"]) {
    for (const path of ["/data", "/etc", "/data/a", "/etc/a", "data"]) {
      assert.equal(matches(subpath(root), path), "no_match", `${root} on ${path}`);
    }
  }
  assert.equal(matches(subpath(""), "/any/where"), "match");
  assert.equal(matches(subpath(""), "C:\\a"), "no_match");
  assert.equal(matches(subpath("C:\\"), "C:\\"), "match");
  assert.equal(matches(subpath("C:\\"), "C:\\a"), "no_match");
});

test("of a list every member has to lie below the root", () => {
  assert.equal(matches(data, []), "match");
  assert.equal(matches(data, ["/data/a", "/data"]), "match");
  for (const list of [["/data/a", "/etc"], ["/data/a", 1n], [["/data/a"]], [null]]) {
    assert.equal(matches(data, list), "no_match");
  }
  for (const other of [null, true, 1n, 1.5, new Map<string, Value>()]) {
    assert.equal(matches(data, other), "no_match");
  }
});

test("a child's root lies below its parent's", () => {
  const below = subpath("/data", { allowEqual: false });
  const insensitive = subpath("/data", { caseSensitive: false });
  const allowed: readonly (readonly [Constraint, Constraint])[] = [
    [data, data],
    [data, subpath("/data/a")],
    [data, subpath("/data/")],
    [data, below],
    [below, subpath("/data/a", { allowEqual: false })],
    [insensitive, data],
    [insensitive, subpath("/DATA/a")],
    [data, exact("/data/a")],
    [data, exact([])],
    [data, exact(["/data/a", "/data/b"])],
    [data, subset([])],
    [data, subset(["/data/a"])],
  ];
  const refused: readonly (readonly [Constraint, Constraint])[] = [
    [data, subpath("/")],
    [data, subpath("/database")],
    [data, subpath("/data/../etc")],
    [data, subpath("data/a")],
    [subpath("/"), subpath("")],
    [subpath(""), subpath("")],
    [data, insensitive],
    [below, subpath("/data/a")],
    [below, below],
    [data, exact("/etc")],
    [data, exact(["/data/a", "/etc"])],
    [data, exact(null)],
    [data, subset(["/data/a", 1n])],
    [data, subset(["/data/../etc"])],
    [data, oneOf(["/data/a"])],
    [data, pattern("/data/*")],
  ];
  for (const [parent, child] of allowed) {
    assert.equal(permits(parent, child), true, `${parent.describe()} to ${child.describe()}`);
  }
  for (const [parent, child] of refused) {
    assert.equal(permits(parent, child), false, `${parent.describe()} to ${child.describe()}`);
  }
});

const segment = fc.constantFrom(
  "a",
  "b",
  "A",
  "B",
  "Σ",
  "aΣ",
  "aς",
  "aσ",
  "İ",
  "i\u0307",
  ".",
  "..",
  "",
  "C:",
  "c:",
);
const separator = fc.constantFrom("/", "/", "/", "\\", "//");
const path = fc
  .tuple(
    fc.constantFrom("/", "/", "/", "", "C:\\", "c:\\", "C:/", "c:/"),
    fc.array(fc.tuple(segment, separator), { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([top, parts, ends]) => {
    const text = top + parts.flat().join("");
    return ends || parts.length === 0 ? text : text.slice(0, -(parts.at(-1)?.[1] ?? "").length);
  });
/** Written by somebody who means no harm about as often as not. */
const root = path.chain((text) => fc.constantFrom(text, normalizePath(text) ?? text));
const options = fc.record({ caseSensitive: fc.boolean(), allowEqual: fc.boolean() });
const constraint = fc.tuple(root, options).map(([text, flags]) => subpath(text, flags));

const narrower = fc.oneof(
  { arbitrary: constraint, weight: 4 },
  { arbitrary: path.map(exact), weight: 1 },
  { arbitrary: fc.array(path, { maxLength: 2 }).map(exact), weight: 1 },
  { arbitrary: fc.array(path, { maxLength: 2 }).map(subset), weight: 1 },
);

test("what a permitted child matches, its parent matches", () => {
  const source = fc.record({
    root,
    flags: options,
    given: narrower,
    ends: fc.array(segment, { maxLength: 2 }),
  });
  const deeper = fc.constantFrom<"given" | "flags" | "below">("given", "flags", "below");
  assertNarrowing(
    fc.tuple(source, options, deeper),
    ([each, other, which]) => {
      const below = subpath(`${each.root}/${each.ends.join("/")}`, each.flags);
      const child = { given: each.given, flags: subpath(each.root, other), below }[which];
      return { parent: subpath(each.root, each.flags), child, probes: probesOf(child, each.ends) };
    },
    { runs: 6_000, leastHits: 5_000 },
  );
});

/** The child's own texts, what lies around them, in both cases, and lists of them. */
function probesOf(child: Constraint, ends: readonly string[]): readonly Value[] {
  const [literals] = (child.toCbor() as ReadonlyMap<string, Value>).values();
  const texts = [literals ?? ""].flat().filter((each) => typeof each === "string");
  const paths = texts.flatMap((text) => {
    const around = [text, `${text}/${ends.join("/")}`, `${text}\\x`, `/${text}`, `${text}/../y`];
    return around.flatMap((each) => [each, each.toUpperCase(), each.toLowerCase()]);
  });
  return [...paths, [], texts, ...paths.map((each) => [each])];
}

test("a constraint permits itself exactly when it contains its root", () => {
  fc.assert(
    fc.property(constraint, (each) => {
      assert.equal(permits(each, each), matches(each, each.root) === "match");
    }),
    { numRuns: 2_000 },
  );
});

test("a constraint survives its wire form, and flags that aren't there are true", () => {
  fc.assert(
    fc.property(constraint, path, (original, argument) => {
      const copy = rewritten(original);
      assert.equal(copy.describe(), original.describe());
      assert.equal(matches(copy, argument), matches(original, argument));
    }),
  );
  assert.equal(parseConstraint([17n, new Map([["root", "/data"]])]).describe(), data.describe());
  for (const flag of ["case_sensitive", "allow_equal", "recursive"]) {
    const value = new Map<string, string | null>([
      ["root", "/data"],
      [flag, null],
    ]);
    assert.throws(() => parseConstraint([17n, value]), Malformed);
  }
});

test("hostile paths are within the effort of a request, or are given up", () => {
  const long = "/".concat("a/".repeat(32_000));
  assert.equal(matches(subpath("/a", { caseSensitive: false }), long), "match");
  assert.equal(matches(subpath("/"), "/..".repeat(20_000)), "match");
  assert.equal(
    matches(
      data,
      Array.from({ length: 10_000 }, () => "/data/a"),
    ),
    "match",
  );
  const tooMuch = Array.from({ length: 100 }, () => `/data${long}`);
  assert.throws(() => data.matches(tooMuch, new Evaluation(0)), TooCostly);
});
