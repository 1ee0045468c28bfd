import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { untilQuiet } from "../../../../src/server/state/until-quiet.ts";

const NEVER_MS = 2 ** 30;

test("many who ask in a row are answered once, after the last of them", async () => {
  let acts = 0;
  const { ask } = untilQuiet(() => acts++, 100, NEVER_MS);
  for (let i = 0; i < 100; i++) ask();
  assert.equal(acts, 0);
  await sleep(300);
  assert.equal(acts, 1);
  ask();
  await sleep(300);
  assert.equal(acts, 2);
});

test("who asks all the time is not put off for ever", async () => {
  let acts = 0;
  const { ask, cancel } = untilQuiet(() => acts++, NEVER_MS, 100);
  const started = performance.now();
  while (performance.now() - started < 500) {
    ask();
    await sleep(5);
  }
  cancel();
  assert.ok(acts > 0);
});

test("what is cancelled doesn't happen", async () => {
  const { ask, cancel } = untilQuiet(() => assert.fail("it happened"), 1, 1);
  ask();
  cancel();
  await sleep(50);
});
