import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MAX_ARRIVING_BYTES,
  MAX_CONNECTIONS,
  MAX_LOG_BYTES,
  MAX_WAITING_BYTES,
  roomWithin,
} from "../../../src/server/room.ts";

const MIB = 1024 * 1024;
const room = (heapMegabytes: number) => roomWithin(heapMegabytes * MIB);

test("however much a process may take, requests hold no more than is of use", () => {
  const { arrivingBytes, waitingBytes, logBytes } = room(16_384);
  assert.deepEqual(
    [arrivingBytes, waitingBytes, logBytes],
    [MAX_ARRIVING_BYTES, MAX_WAITING_BYTES, MAX_LOG_BYTES],
  );
});

test("in a small process they hold less than the heap beside them", () => {
  for (const heap of [32, 60, 128, 300]) {
    const { arrivingBytes, waitingBytes } = room(heap);
    // Those that wait, those that are begun, and those that arrive.
    assert.ok(arrivingBytes + 2 * waitingBytes <= (heap * MIB) / 2, `${heap} MiB`);
  }
});

test("a larger process has more room, of every kind", () => {
  const [small, large] = [room(60), room(120)];
  assert.ok(large.arrivingBytes > small.arrivingBytes);
  assert.ok(large.waitingBytes > small.waitingBytes);
  assert.ok(large.begun > small.begun);
  assert.ok(large.logBytes > small.logBytes);
  assert.ok(large.knownChainsBytes > small.knownChainsBytes);
});

test("the smallest can still judge what takes long", () => {
  assert.equal(room(1).begun, 1);
});

test("unless told otherwise, it is that of this process", () => {
  assert.deepEqual(Object.keys(roomWithin()), Object.keys(room(1)));
  assert.ok(roomWithin().begun > 0);
});

test("connections and calls leave half of the heap to others", () => {
  for (const heap of [32, 60, 128, 300]) {
    const { connections, calls } = room(heap);
    // Measured: 11 KiB of the heap for an idle connection with TLS, 6 for a call.
    assert.ok(connections * 11 + calls * 6 < (heap * 1024) / 2, `${heap} MiB`);
    // More than one turn of the loop may bring of the calls of many proxies.
    assert.ok(calls >= 1000, `${heap} MiB`);
  }
  assert.equal(room(16_384).connections, MAX_CONNECTIONS);
});
