import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { createWorkQueue, type Work } from "../../../src/server/work-queue.ts";
import type { Steps } from "../../../src/steps.ts";

/** Work of some steps, each of some milliseconds of the processor; notes its name when it is done. */
function workOf(done: string[], name: string, steps = 1, ms = 0, more: Partial<Work> = {}): Work {
  function* run(): Steps<void> {
    for (let i = 0; i < steps; i++) {
      const end = performance.now() + ms;
      while (performance.now() < end);
      yield;
    }
    done.push(name);
  }
  return {
    bytes: 1,
    steps: run(),
    isWanted: () => true,
    abandon: () => done.push(`${name} abandoned`),
    ...more,
  };
}

async function emptied(queue: { length(): number }): Promise<void> {
  while (queue.length() > 0) await nextTurn();
}

test("work that comes alone is done at once", () => {
  const done: string[] = [];
  assert.equal(createWorkQueue(1).offer(workOf(done, "a", 0)), true);
  assert.deepEqual(done, ["a"]);
});

test("a long work gives way to short ones that come after it, and to the event loop", async (t) => {
  const done: string[] = [];
  const queue = createWorkQueue(10);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  t.after(() => clearInterval(timer));
  queue.offer(workOf(done, "long", 30, 2));
  queue.offer(workOf(done, "short"));
  assert.deepEqual(done, ["short"]);
  await emptied(queue);
  assert.deepEqual(done, ["short", "long"]);
  assert.ok(turns > 5, `${turns} turns of the event loop meanwhile`);
});

test("what is short is done in the order it came", async () => {
  const done: string[] = [];
  const queue = createWorkQueue(10);
  for (const name of ["a", "b", "c", "d"]) queue.offer(workOf(done, name, 1, 3));
  assert.ok(done.length < 4, "some had to wait");
  await emptied(queue);
  assert.deepEqual(done, ["a", "b", "c", "d"]);
});

test("beyond its length nothing is taken, until some is done", async () => {
  const done: string[] = [];
  const queue = createWorkQueue(2);
  const offer = (name: string): boolean => queue.offer(workOf(done, name, 4, 2));
  assert.deepEqual([offer("a"), offer("b"), offer("c")], [true, true, false]);
  await emptied(queue);
  assert.deepEqual([done.toSorted(), offer("d")], [["a", "b"], true]);
  await emptied(queue);
});

test("nor while the oldest has waited so long that there is no use in waiting", async () => {
  const done: string[] = [];
  const queue = createWorkQueue(100);
  const offer = (name: string): boolean => queue.offer(workOf(done, name, 1, 60));
  // The first takes the turn; the event loop isn't let go on, as when it takes long over arrivals.
  assert.deepEqual([offer("a"), offer("b")], [true, true]);
  const end = performance.now() + 150;
  while (performance.now() < end);
  assert.equal(offer("c"), false);
  await emptied(queue);
  assert.deepEqual([done.toSorted(), offer("d")], [["a", "b"], true]);
  await emptied(queue);
});

test("nor beyond the memory that what waits may hold", async () => {
  const done: string[] = [];
  const queue = createWorkQueue(100);
  const large = (name: string): boolean => queue.offer(workOf(done, name, 4, 2, { bytes: 30_000_000 }));
  assert.deepEqual([large("a"), large("b"), large("c")], [true, true, false]);
  await emptied(queue);
  assert.equal(large("d"), true);
  await emptied(queue);
});

test("work that nobody wants any more isn't begun, nor gone on with", async () => {
  const done: string[] = [];
  const queue = createWorkQueue(10);
  let isWanted = true;
  queue.offer(workOf(done, "begun", 100, 2, { isWanted: () => isWanted }));
  isWanted = false;
  queue.offer(workOf(done, "waiting", 1, 0, { isWanted: () => isWanted }));
  await sleep(1);
  await emptied(queue);
  assert.deepEqual(done.toSorted(), ["begun abandoned", "waiting abandoned"]);
});

test("what nobody wants any more makes room for others", () => {
  const done: string[] = [];
  const queue = createWorkQueue(2);
  let isWanted = true;
  const offer = (name: string): boolean =>
    queue.offer(workOf(done, name, 2, 5, { isWanted: () => name === "last" || isWanted }));
  assert.deepEqual([offer("a"), offer("b"), offer("c")], [true, true, false]);
  isWanted = false;
  assert.equal(offer("last"), true);
  assert.deepEqual([done.toSorted(), queue.length()], [["a abandoned", "b abandoned"], 1]);
});

test("work that throws is abandoned with its error, and the next is done", () => {
  const done: string[] = [];
  const errors: unknown[] = [];
  const queue = createWorkQueue(10);
  const broken: Steps<void> = (function* () {
    yield;
    throw new Error("a bug");
  })();
  queue.offer(workOf(done, "broken", 1, 0, { steps: broken, abandon: (error) => errors.push(error) }));
  queue.offer(workOf(done, "next"));
  assert.deepEqual([done, errors.map(String), queue.length()], [["next"], ["Error: a bug"], 0]);
});
