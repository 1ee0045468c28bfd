import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Makes of `work` something that can be asked for at any time, and runs once at a time: whoever asks while it runs gets
 * one more run after it, together with all others who asked.
 *
 * @param work may not throw
 */
export function coalesce(work: () => void | Promise<void>): () => void {
  let isAsked = false;
  let isRunning = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    while (isAsked) {
      // Those who asked in the same turn, as do signals that came while the thread was busy, are one.
      await nextTurn();
      isAsked = false;
      await work();
    }
    isRunning = false;
  };
  return () => {
    isAsked = true;
    if (!isRunning) void run();
  };
}
