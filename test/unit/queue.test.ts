import assert from "node:assert/strict";
import { test } from "node:test";
import { createQueue, join, leave, type Place, type Queue } from "../../src/queue.ts";

/** What is found from a place on, in one direction. */
function items<Item>(from: Place<Item> | undefined, direction: "before" | "after"): readonly Item[] {
  const found: Item[] = [];
  for (let place = from; place !== undefined; place = place[direction]) found.push(place.item);
  return found;
}

function queueOf(text: string): { queue: Queue<string>; places: readonly Place<string>[] } {
  const queue = createQueue<string>();
  return { queue, places: [...text].map((item) => join(queue, item)) };
}

test("whoever leaves, the others stand in the order they came", () => {
  for (const leaving of ["", "a", "b", "d", "ab", "cd", "bc", "da", "cbad"]) {
    const { queue, places } = queueOf("abcd");
    for (const item of leaving) leave(queue, places["abcd".indexOf(item)] as Place<string>);
    const left = [..."abcd"].filter((item) => !leaving.includes(item));
    assert.deepEqual(items(queue.oldest, "after"), left, leaving);
    assert.deepEqual(items(queue.newest, "before"), left.toReversed(), leaving);
    join(queue, "e");
    assert.deepEqual(items(queue.oldest, "after"), [...left, "e"], leaving);
  }
});

test("a place that was left leads to no other", () => {
  const { queue, places } = queueOf("abc");
  const [, middle] = places;
  assert.ok(middle);
  leave(queue, middle);
  assert.deepEqual(middle, { item: "b", before: undefined, after: undefined });
});
