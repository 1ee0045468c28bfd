import { parentPort, workerData } from "node:worker_threads";
import type { Pace } from "./pacer.ts";
import { dueBy } from "./schedule.ts";

// Says how many requests are due, at the time they are: timers of the event loop know milliseconds only.

const { startNs, perSecond, count } = workerData as Pace;
const clock = new Int32Array(new SharedArrayBuffer(4));
const elapsed = (): number => Number(process.hrtime.bigint() - startNs) / 1e9;

for (let told = 0; told < count; ) {
  const due = Math.min(count, dueBy(elapsed(), perSecond));
  if (due > told) {
    told = due;
    parentPort?.postMessage(told);
  }
  Atomics.wait(clock, 0, 0, Math.max(0, told / perSecond - elapsed()) * 1000);
}
