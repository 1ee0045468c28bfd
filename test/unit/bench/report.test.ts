import assert from "node:assert/strict";
import { test } from "node:test";
import { imageVariables } from "../../../bench/arms/image-flags.ts";
import type { ArmFigures, Proxied } from "../../../bench/figures.ts";
import { readOptions } from "../../../bench/options.ts";
import { goalsOf, isReached } from "../../../bench/report/goals.ts";
import { picture } from "../../../bench/report/picture.ts";

const STRETCH: Proxied = {
  ...{ p50: 300, p99: 900, p999: 2000, perSecond: 1000, requests: 100, shed: 0, cpu: 50, envoyCpu: 40 },
};

/** An arm whose rounds differ in the processor time of a check. */
function arm(name: string, cpus: readonly number[]): ArmFigures {
  const rounds = cpus.map((cpu) => ({
    ...{ alone: STRETCH, full: { ...STRETCH, cpu }, fixed: STRETCH, direct: undefined, resident: 1e8 },
  }));
  return { name, about: "", startMs: 400, idle: 80 * 1024 * 1024, rounds };
}

const ARMS = [arm("no-op", [40, 50, 60]), arm("single", [300, 120, 110])];

test("a goal is held against the median of what it was in each round", () => {
  const [single] = goalsOf(ARMS, [55, 65, 40, 50, 50, 55]);
  // 300 ÷ (40 + 55), 120 ÷ (50 + 40), 110 ÷ (60 + 50).
  assert.equal(single?.figure?.toFixed(3), "1.333");
  assert.deepEqual([single.rounds?.min.toFixed(2), single.rounds?.max.toFixed(2)], ["1.00", "3.16"]);
  assert.equal(isReached(single), false);
});

test("a goal whose arm didn't run has no figure and no verdict", () => {
  const goals = goalsOf(ARMS, [55, 55, 55, 55, 55, 55]);
  const chain = goals.find(({ about }) => about.startsWith("CPU, chain of three ÷ reference"));
  assert.ok(chain !== undefined);
  assert.deepEqual([chain.figure, isReached(chain)], [undefined, undefined]);
});

test("a goal is missed above its upper bound, or below its lower one", () => {
  const goal = { about: "", unit: "ratio" } as const;
  assert.equal(isReached({ ...goal, atMost: 1.2, figure: 1.21 }), false);
  assert.equal(isReached({ ...goal, atMost: 1.2, figure: 1.2 }), true);
  assert.equal(isReached({ ...goal, atLeast: 1, figure: 0.99 }), false);
  assert.equal(isReached({ ...goal, figure: 1 }), undefined);
});

test("programs on Node get what the image sets", () => {
  const dockerfile = `FROM a AS build\nENV X=1\nFROM b\nENV NODE_ENV=production \\\n    NODE_OPTIONS="--a=1 --max-old-space-size-percentage=50"\nENV C=2\n`;
  assert.deepEqual(imageVariables(dockerfile), {
    NODE_ENV: "production",
    NODE_OPTIONS: "--a=1 --max-old-space-size=64",
    C: "2",
  });
  assert.ok(imageVariables()["NODE_OPTIONS"]);
});

test("a flag that isn't a number is told, and which", () => {
  for (const [flag, value] of [
    ["--rounds", "1.5"],
    ["--rounds", "0"],
    ["--seconds", "x"],
    ["--connections", "-1"],
  ] as const) {
    assert.throws(() => readOptions([`${flag}=${value}`]), new RegExp(flag));
  }
  assert.equal(readOptions(["--seconds", "0.5"]).seconds, 0.5);
  assert.throws(() => readOptions(["--round", "3"]));
});

test("only a run of all arms leaves its figures where the README finds them", () => {
  assert.match(String(readOptions([]).svg), /results.checks\.svg$/);
  assert.deepEqual(
    [readOptions(["--smoke"]).svg, readOptions(["--arms", "single"]).json],
    [undefined, undefined],
  );
});

test("the picture shows every arm that runs something, and stays well-formed", () => {
  const names = ["envoy", "no-op", "a<b&c"];
  const svg = picture({
    ...{ date: "2026-01-01", verifications: [50], missing: [], goals: [] },
    machine: {
      cpu: "",
      cores: 2,
      memoryMiB: 1,
      kernel: "",
      node: "v24.0.0",
      envoy: "1.2.3",
      nodeOptions: "",
      commit: "",
    },
    options: { rounds: 3, seconds: 1, connections: 1, envoyThreads: 1 },
    arms: names.map((name) => arm(name, [50, 60, 70])),
  });
  assert.deepEqual(
    Array.from(svg.matchAll(/<text x="0.0" y="\d+">([^<]*)</g), ([, name]) => name),
    ["no-op", "a&lt;b&amp;c"],
  );
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  assert.equal(svg.match(/<rect/g)?.length, 4);
});
