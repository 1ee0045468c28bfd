import type { Proxied } from "../figures.ts";
import type { Sample } from "../load/sample.ts";
import { cpuMicroseconds } from "./cpu.ts";
import { percentile } from "./statistics.ts";

/** Whose processor time is counted; no process takes none. */
export interface Pids {
  readonly authorizer: number | undefined;
  readonly envoy: number | undefined;
}

/** Runs a stretch of load, and reads what it cost. @throws {Error} where not one request was judged. */
export async function measure(pids: Pids, load: () => Promise<Sample>): Promise<Proxied> {
  // Now, so that no pause of ours counts as one of theirs.
  globalThis.gc?.();
  const authorizer = clock(pids.authorizer);
  const envoy = clock(pids.envoy);
  const { latencies, seconds, shed } = await load();
  const requests = latencies.length;
  if (requests === 0) throw new Error("no request was judged");
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    p999: percentile(latencies, 0.999),
    perSecond: requests / seconds,
    ...{ requests, shed },
    cpu: authorizer() / requests,
    envoyCpu: envoy() / requests,
  };
}

function clock(pid: number | undefined): () => number {
  if (pid === undefined) return () => 0;
  const before = cpuMicroseconds(pid);
  return () => cpuMicroseconds(pid) - before;
}
