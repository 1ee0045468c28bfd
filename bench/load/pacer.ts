import { Worker } from "node:worker_threads";

/** When requests are due. */
export interface Pace {
  /** Of `process.hrtime`, which all threads share. */
  readonly startNs: bigint;
  readonly perSecond: number;
  readonly count: number;
}

/** Calls back with the number of requests due so far, until all are. */
export function startPacer(pace: Pace, onDue: (due: number) => void): () => Promise<unknown> {
  const worker = new Worker(new URL("./pacer-thread.ts", import.meta.url), { workerData: pace });
  worker.on("message", onDue);
  return () => worker.terminate();
}
