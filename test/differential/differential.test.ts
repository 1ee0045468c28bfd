import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { packIds } from "../../src/warrant/packed-ids.ts";
import { RULES } from "./deliberate.ts";
import { generateCase } from "./generate.ts";
import { minimize } from "./minimize.ts";
import { assemble, NOTHING_YET } from "./mint.ts";
import { createOurJudge } from "./our-judge.ts";
import { toJson } from "./spec.ts";

const NOW = 1_800_000_000;
const specs = Array.from({ length: 300 }, (_, index) => generateCase(42, index));

test("a seed and an index always give the same case", () => {
  for (const spec of specs) assert.equal(toJson(generateCase(42, spec.index)), toJson(spec));
  assert.notEqual(toJson(generateCase(43, 0)), toJson({ ...specs[0], seed: 43 }));
});

test("between a quarter and two thirds of the cases are allowed", () => {
  const judge = createOurJudge({ version: 0n, issuedAt: NOW, issuer: "", ids: packIds([]), contentHash: "" });
  const verdicts = specs.map((spec) => judge({ spec, material: assemble(spec, NOTHING_YET, NOW) }));
  const allowed = verdicts.filter(({ allow }) => allow).length / verdicts.length;
  assert.ok(allowed > 1 / 4 && allowed < 2 / 3, `allowed: ${allowed}`);
});

test("every difference that is meant is told in docs/compatibility.md", () => {
  const page = readFileSync(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
  const headings = new Set(page.split("\n").filter((line) => line.startsWith("#")));
  for (const { heading, name } of RULES) assert.ok(headings.has(`### ${heading}`), `${name}: ${heading}`);
});

test("only Cel, whose dialect is the SDK's, may let us allow what 0.3.5 denies", () => {
  const lenient = RULES.filter(({ judge }) => judge === "0.3.5");
  assert.deepEqual(
    lenient.map(({ name }) => name),
    ["Cel has the dialect of the published SDK"],
  );
});

test("a failing case is cut down to what makes it fail", async () => {
  const found = specs.find((spec) => spec.links.length > 3 && toJson(spec).includes('"oneOf"'));
  assert.ok(found);
  const smallest = await minimize(found, async (spec) => toJson(spec.links).includes('"oneOf"'));
  assert.equal(smallest.links.length, 1);
  assert.equal(smallest.call.args.size, 0);
  assert.deepEqual(
    smallest.links
      .flatMap(({ tools }) => Object.values(tools))
      .flatMap(({ constraints }) => Object.values(constraints)),
    [{ oneOf: [] }],
  );
});
