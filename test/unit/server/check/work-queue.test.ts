import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createWorkQueue,
  type Loop,
  type Work,
  type WorkQueue,
} from "../../../../src/server/check/work-queue.ts";
import type { Steps } from "../../../../src/steps.ts";

/** An event loop whose clock moves by what is done, and which turns when it is told. */
class FakeLoop implements Loop {
  time = 0;
  #callbacks: (() => void)[] = [];
  readonly now = (): number => this.time;
  readonly later = (callback: () => void): void => void this.#callbacks.push(callback);

  turn(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  /** @returns how many turns it took. */
  empty(queue: WorkQueue): number {
    let turns = 0;
    for (; queue.length() > 0; turns++) this.turn();
    return turns;
  }
}

interface Asked {
  /** Each takes so many milliseconds; none by default. */
  readonly steps?: number;
  readonly ms?: number;
  readonly bytes?: number;
  readonly isWanted?: () => boolean;
}

const ROOM = { waitingBytes: 64_000_000, begun: 3 };
const SHORT = { steps: 1, ms: 0.9 };
const LONG = { steps: 30, ms: 2 };

/** A queue, what came of the work it was offered, and in which order. */
function queueOf(maxLength: number) {
  const loop = new FakeLoop();
  const queue = createWorkQueue(maxLength, ROOM, loop);
  const done: string[] = [];
  function* run(name: string, { steps = 0, ms = 0 }: Asked): Steps<void> {
    for (let i = 0; i < steps; i++) {
      loop.time += ms;
      yield;
    }
    done.push(name);
  }
  const offer = (name: string, asked: Asked = {}, more: Partial<Work> = {}): boolean =>
    queue.offer({
      ...{ bytes: asked.bytes ?? 1, steps: run(name, asked), isWanted: asked.isWanted ?? (() => true) },
      ...{ abandon: () => done.push(`${name} abandoned`), ...more },
    });
  return { loop, queue, done, offer };
}

test("work that comes alone is done at once", () => {
  const { done, offer, queue } = queueOf(1);
  assert.equal(offer("a", { steps: 3, ms: 0.1 }), true);
  assert.deepEqual([done, queue.length()], [["a"], 0]);
});

test("a long work has a slice in each turn of the event loop, and what is short goes before it", () => {
  const { done, offer, loop, queue } = queueOf(10);
  offer("long", LONG);
  offer("short", SHORT);
  assert.deepEqual([done, loop.time], [["short"], 2.9]);
  assert.equal(loop.empty(queue), 30);
  assert.deepEqual(done, ["short", "long"]);
});

test("what is short is done in the order it came, as much in a turn as fits", () => {
  const { done, offer, loop, queue } = queueOf(10);
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  for (const name of names) offer(name, SHORT);
  assert.deepEqual(done, names.slice(0, 5));
  assert.equal(loop.empty(queue), 1);
  assert.deepEqual(done, names);
});

test("the longer arrivals take, the longer is the next turn", () => {
  const { done, offer, loop } = queueOf(100);
  for (let i = 0; i < 50; i++) offer(`${i}`, SHORT);
  loop.time += 12;
  const before = done.length;
  loop.turn();
  assert.equal(done.length - before, Math.ceil(12 / 0.9));
  loop.time += 1_000;
  const after = done.length;
  loop.turn();
  assert.equal(done.length - after, Math.ceil(20 / 0.9), "yet it has an end");
});

test("beyond its length nothing is taken, until some is done", () => {
  const { done, offer, loop, queue } = queueOf(2);
  offer("whole turn", { steps: 1, ms: 5 });
  assert.deepEqual([offer("a"), offer("b"), offer("c")], [true, true, false]);
  loop.empty(queue);
  assert.deepEqual([done.toSorted(), offer("d")], [["a", "b", "whole turn"], true]);
});

test("what is long takes no more than a part of the room, and none from what is short", () => {
  const { done, offer, loop, queue } = queueOf(16);
  for (const name of ["a", "b", "c"]) offer(name, { ...LONG, ms: 1 });
  assert.deepEqual([done, queue.length()], [["c abandoned"], 2]);
  for (let i = 0; i < 16; i++) assert.equal(offer(`${i}`), true);
  loop.empty(queue);
  assert.equal(done.length, 19);
});

test("nor more than the memory has room for", () => {
  const { done, offer } = queueOf(1000);
  for (const name of ["a", "b", "c", "d"]) offer(name, { ...LONG, ms: 1 });
  assert.deepEqual(done, ["d abandoned"]);
});

test("of long works the first and the newest are gone on with, so that only two are held in full", () => {
  const { done, offer, loop, queue } = queueOf(100);
  let open = 0;
  let most = 0;
  const steps = function* (name: string): Steps<void> {
    for (let i = 0; i < 10; i++) {
      loop.time += 2;
      if (i === 1) most = Math.max(most, ++open);
      yield;
    }
    open--;
    done.push(name);
  };
  for (const name of ["a", "b", "c"]) offer(name, {}, { steps: steps(name) });
  loop.empty(queue);
  assert.deepEqual([done, most], [["a", "c", "b"], 2]);
});

test("what isn't quite short doesn't wait until what is very long is done", () => {
  const { done, offer, loop } = queueOf(100);
  offer("very long", { steps: 300, ms: 1 });
  for (const name of ["a", "b", "c"]) {
    offer(name, { steps: 3, ms: 1 });
    for (let turns = 0; turns < 4; turns++) loop.turn();
  }
  assert.deepEqual(done, ["a", "b", "c"]);
});

test("nothing is taken while the oldest has waited so long that there is no use in waiting", () => {
  const { offer, loop, queue } = queueOf(100);
  offer("whole turn", { steps: 1, ms: 5 });
  assert.equal(offer("a"), true);
  loop.time += 100;
  assert.equal(offer("b"), true);
  loop.time += 1;
  assert.equal(offer("c"), false);
  loop.empty(queue);
  assert.equal(offer("c"), true);
});

test("nor beyond the memory that what waits may hold", () => {
  const { offer, loop, queue } = queueOf(100);
  const bytes = 30_000_000;
  offer("whole turn", { steps: 1, ms: 5, bytes });
  assert.deepEqual(
    [offer("a", { bytes }), offer("b", { bytes }), offer("c", { bytes })],
    [true, true, false],
  );
  assert.equal(offer("small"), true);
  loop.empty(queue);
  assert.equal(offer("c", { bytes }), true);
});

test("work that nobody wants any more isn't begun, nor gone on with", () => {
  const { done, offer, loop, queue } = queueOf(10);
  let wanted = true;
  const isWanted = (): boolean => wanted;
  offer("begun", { ...LONG, isWanted });
  wanted = false;
  offer("fresh", { isWanted });
  loop.empty(queue);
  assert.deepEqual(done.toSorted(), ["begun abandoned", "fresh abandoned"]);
});

test("and makes room for others", () => {
  const { done, offer, loop, queue } = queueOf(2);
  let wanted = true;
  const isWanted = (): boolean => wanted;
  offer("whole turn", { steps: 1, ms: 5 });
  assert.deepEqual([offer("a", { isWanted }), offer("b", { isWanted }), offer("c")], [true, true, false]);
  wanted = false;
  assert.equal(offer("c"), false, "it was looked a moment ago");
  loop.time += 4;
  assert.equal(offer("c"), true);
  assert.deepEqual([done, queue.length()], [["a abandoned", "b abandoned"], 2]);
});

test("yet not for long where telling so takes time", () => {
  const { done, offer, queue, loop } = queueOf(100);
  let wanted = true;
  const slow = {
    abandon: () => {
      loop.time += 0.4;
      done.push("told");
    },
  };
  offer("whole turn", { steps: 1, ms: 5 });
  for (let i = 0; i < 100; i++) offer(`${i}`, { isWanted: () => wanted }, slow);
  wanted = false;
  assert.equal(offer("another"), true);
  assert.deepEqual(done, ["told", "told", "told"]);
  loop.empty(queue);
  assert.equal(done.filter((name) => name === "told").length, 100, "nobody is forgotten");
});

test("work that throws is abandoned with its error, and the next is done", () => {
  const { done, offer, queue } = queueOf(10);
  const errors: unknown[] = [];
  const steps: Steps<void> = (function* () {
    yield;
    throw new Error("a bug");
  })();
  offer("broken", {}, { steps, abandon: (error) => errors.push(error) });
  offer("next");
  assert.deepEqual([done, errors.map(String), queue.length()], [["next"], ["Error: a bug"], 0]);
});
