import type { Answer } from "./answer.ts";
import type { Lane } from "./lane.ts";
import { startPacer } from "./pacer.ts";
import { collect, type Sample } from "./sample.ts";
import { dueAt } from "./schedule.ts";

/** For the thread that keeps time to start. */
const LEAD_MS = 200;

/**
 * Sends at a fixed rate, whether or not earlier requests are answered. A latency counts from the time a request was due:
 * one that had to wait for a free lane, or for us, has waited.
 *
 * @throws {WrongAnswer} at the first answer that isn't the expected one.
 */
export async function openLoop(
  lanes: readonly Lane[],
  requests: readonly Buffer[],
  expected: Answer,
  perSecond: number,
): Promise<Sample> {
  const count = requests.length;
  const collector = collect(expected, count);
  const free = [...lanes];
  const start = performance.now() + LEAD_MS;
  const startNs = process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n;
  let sent = 0;
  let due = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sendDue = (): void => {
    while (sent < due) {
      const lane = free.pop();
      if (lane === undefined) return;
      const request = requests[sent];
      const dueTime = start + dueAt(sent++, perSecond);
      if (request === undefined) return;
      lane.send(request, (answer) => {
        free.push(lane);
        try {
          collector.take(answer, performance.now() - dueTime);
        } catch (error) {
          return reject(error);
        }
        if (collector.answered() === count) resolve();
        else sendDue();
      });
    }
  };
  const stop = startPacer({ startNs, perSecond, count }, (dueNow) => {
    due = dueNow;
    sendDue();
  });
  try {
    await promise;
    return collector.sample((performance.now() - start) / 1000);
  } finally {
    await stop();
  }
}
