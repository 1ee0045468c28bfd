import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { examine, fuzz } from "./engine.ts";
import { readFinding } from "./finding.ts";
import { mutateBytes } from "./mutate.ts";
import { type Outcome, outcome, type Target } from "./target.ts";
import { TARGETS, targetNamed } from "./targets/index.ts";

const FINDINGS = new URL("../vectors/fuzz/", import.meta.url);

describe("what fuzzing found once", () => {
  for (const file of readdirSync(FINDINGS)) {
    it(`${file} holds now`, () => {
      const { target, input } = readFinding(new URL(file, FINDINGS));
      assert.equal(examine(targetNamed(target), input).error, undefined);
    });
  }
});

describe("fuzzing", () => {
  for (const target of TARGETS) {
    it(`starts from inputs that hold: ${target.name}`, () => {
      const seeds = target.seeds();
      assert.ok(seeds.length > 0);
      for (const seed of seeds)
        assert.equal(examine(target, seed).error, undefined, Buffer.from(seed).toString("hex"));
    });
  }

  it("tells the shortest input it can make of one that breaks something", () => {
    const broken: Target = {
      name: "broken",
      maxBytes: 100,
      seeds: () => [Buffer.from("[1,2,3]")],
      mutate: (input, random, other) => mutateBytes(input, random, other, ["null"]),
      run: (input) =>
        outcome("", () =>
          assert.doesNotMatch(Buffer.from(input).toString(), /\d.*null/s, "a digit before null"),
        ),
    };
    const finding = fuzz(broken, TERMS);
    assert.match(Buffer.from(finding?.input ?? []).toString(), /^\dnull$/);
    assert.match(finding?.error ?? "", /a digit before null/);
  });

  it("ends an input that takes too long, and says how long", () => {
    const slow = (): void => {
      const start = process.threadCpuUsage();
      for (let used = 0; used < 20_000; ) {
        const { user, system } = process.threadCpuUsage(start);
        used = user + system;
      }
    };
    const run = (): Outcome => {
      slow();
      return outcome("");
    };
    const finding = fuzz(
      {
        name: "slow",
        maxBytes: 1,
        maxMilliseconds: 10,
        seeds: () => [Buffer.of(0)],
        mutate: (input) => input,
        run,
      },
      TERMS,
    );
    assert.match(finding?.error ?? "", /^takes \d+\.\d ms/);
  });
});

const TERMS = { seed: 1, milliseconds: 60_000, before: () => {}, progress: () => {} };
