import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { seldomMade } from "../../../../src/server/metrics/seldom-made.ts";

test("who waits together gets the same, and who comes while it is made gets a newer one", async () => {
  let made = 0;
  const ask = seldomMade(async () => {
    await sleep(20);
    return ++made;
  });
  const first = [ask(), ask(), ask()];
  await sleep(5);
  const second = [ask(), ask()];
  assert.deepEqual(await Promise.all([...first, ...second]), [1, 1, 1, 2, 2]);
});

test("however many ask, the making takes a small part of the time", async () => {
  let busyMs = 0;
  const ask = seldomMade(async () => {
    const begun = performance.now();
    await sleep(3);
    busyMs += performance.now() - begun;
  });
  const begun = performance.now();
  for (let i = 0; i < 10; i++) await ask();
  // Nothing rests behind the last.
  assert.ok(busyMs / (performance.now() - begun) < 0.2, `${busyMs} ms`);
});

test("who couldn't be answered is told, and the next one is answered", async () => {
  let isBroken = true;
  const ask = seldomMade(async () => {
    if (isBroken) throw new Error("broken");
    return "made";
  });
  await assert.rejects(Promise.all([ask(), ask()]), /broken/);
  isBroken = false;
  assert.equal(await ask(), "made");
});
