import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { coalesce } from "../../../../src/server/state/coalesce.ts";

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await nextTurn();
};

test("work asked for many times at once is done once, and again whenever it is asked for", async () => {
  let runs = 0;
  const ask = coalesce(() => {
    runs++;
  });
  for (let i = 0; i < 100; i++) ask();
  assert.equal(runs, 0, "later, not inside of whoever asks");
  await turns(5);
  assert.equal(runs, 1);
  ask();
  await turns(5);
  assert.equal(runs, 2);
});

test("work asked for while it is done is done once more, and never twice at a time", async () => {
  let runs = 0;
  let running = 0;
  const ask = coalesce(async () => {
    runs++;
    running++;
    assert.equal(running, 1);
    await turns(10);
    running--;
  });
  ask();
  await turns(3);
  assert.equal(running, 1);
  for (let i = 0; i < 100; i++) ask();
  await turns(40);
  assert.equal(runs, 2);
});
