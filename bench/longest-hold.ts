import { openSync } from "node:fs";
import { createCheckService } from "../src/server/check/check.ts";
import type { Work } from "../src/server/check/work-queue.ts";
import { createLog } from "../src/server/log/log.ts";
import { decodeResponse } from "../test/support/check-request.ts";
import { snapshotOf } from "../test/support/service.ts";
import { unixNow } from "../test/support/warrants.ts";
import { print, ROUNDS, times } from "./common.ts";
import { spreadOf } from "./measure/statistics.ts";
import { WORST_GATEWAY_YAML, WORST_REQUESTS } from "./worst-requests.ts";

// How long the worst requests we know of hold up all others: the longest stretch of work between two turns of the event
// loop, in milliseconds. Everything is done that the service does, but for the network and the decoding of gRPC.

/** As the queue of the service gives each request in one go. */
const SLICE_MS = 1;

const snapshot = await snapshotOf(WORST_GATEWAY_YAML);

interface Round {
  readonly longest: number;
  readonly total: number;
  readonly verdict: string;
}

const log = createLog("info", openSync("/dev/null", "w"));

function run(message: Buffer): Round {
  let work: Work | undefined;
  let verdict = "";
  const service = createCheckService(
    { snapshot: () => snapshot, now: unixNow, tell: log.decision, fault: log.fault },
    {
      offer: (offered) => {
        work = offered;
        return true;
      },
      length: () => 0,
    },
  );
  const arrival = {
    message,
    receivedAt: performance.now(),
    answerBy: Infinity,
    isCancelled: () => false,
  };
  service.check(arrival, (answer) => {
    verdict = decodeResponse(answer).dynamicMetadata?.fields?.["reason"]?.stringValue ?? "allow";
  });
  const steps = work?.steps;
  let longest = 0;
  let total = 0;
  for (let isDone = steps === undefined; !isDone; ) {
    const start = performance.now();
    do isDone = steps?.next().done === true;
    while (!isDone && performance.now() - start < SLICE_MS);
    const took = performance.now() - start;
    longest = Math.max(longest, took);
    total += took;
  }
  return { longest, total, verdict };
}

print("| request | verdict | longest stretch, ms | the first time | all of it |\n|---|---|---:|---:|---:|");
for (const make of WORST_REQUESTS) {
  const { name, message } = make();
  const rounds = times(ROUNDS, () => run(message));
  const [first] = rounds as [Round, ...Round[]];
  const { median: longest } = spreadOf(rounds.map((round) => round.longest));
  const { median: total } = spreadOf(rounds.map((round) => round.total));
  print(
    `| ${name} | ${first.verdict} | ${longest.toFixed(2)} | ${first.longest.toFixed(2)} | ${total.toFixed(1)} |`,
  );
}
