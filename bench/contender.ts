import { residentBytes } from "../test/support/resident.ts";
import { waitFor } from "../test/support/wait.ts";
import type { Arm, Started } from "./arms/arm.ts";
import { withWrongProof } from "./calls/calls.ts";
import { toCheckRequest, toHttp1 } from "./calls/http-call.ts";
import type { Latency, Proxied, Round, Stretch } from "./figures.ts";
import { type Answer, answerText, isSame } from "./load/answer.ts";
import { closedLoop } from "./load/closed-loop.ts";
import { openGrpc } from "./load/grpc.ts";
import { openHttp1 } from "./load/http1.ts";
import type { Lane, Lanes } from "./load/lane.ts";
import { openLoop } from "./load/open-loop.ts";
import { isShed, type Sample } from "./load/sample.ts";
import { cpuMicroseconds } from "./measure/cpu.ts";
import { percentile } from "./measure/statistics.ts";
import type { Options } from "./options.ts";

/** Of the highest load. */
const FIXED_SHARE = 0.7;
/** Lanes at a fixed rate: so many that requests rather wait in Envoy than with us. */
const FIXED_LANES = 128;
/** Requests a second to prepare for, before any rate is known. */
const FIRST_GUESS = 4000;
const ALONE_PER_SECOND = 600;
/** More than were answered in the time before, as it gets faster. */
const ROOM = 1.15;

/** An arm whose program runs behind its gate of Envoy. */
export interface Contender {
  readonly arm: Arm;
  readonly started: Started;
  readonly authorizerPort: number;
  readonly gatePort: number;
  readonly idle: number;
  readonly rounds: Round[];
}

/** One stretch after the other, with proofs made just before each. @throws {Error} at the first wrong verdict. */
export async function playRound(
  { arm, started, authorizerPort, gatePort, rounds }: Contender,
  envoyPid: number,
  { seconds, connections, warmup }: Options,
): Promise<Round> {
  let expectedInLog = 0;
  const prepare = (count: number, write: typeof toHttp1): Buffer[] =>
    Array.from({ length: Math.ceil(count) }, () => write(arm.calls()));
  const measured = async (requests: readonly Buffer[], load: () => Promise<Sample>): Promise<Proxied> => {
    const authorizer = clock(started.pid);
    const envoy = clock(envoyPid);
    const sample = await load();
    const count = sample.latencies.length;
    if (count === 0) throw new Error(`${arm.name}: ${requests.length} requests, and no answer`);
    expectedInLog += count;
    return {
      ...latencyOf(sample),
      perSecond: count / sample.seconds,
      requests: count,
      shed: sample.shed,
      cpu: authorizer() / count,
      envoyCpu: envoy() / count,
    };
  };
  const closed = (lanes: readonly Lane[], requests: readonly Buffer[], limit?: number): Promise<Proxied> =>
    measured(requests, () => closedLoop(lanes, requests, arm.expected, limit));

  const gate = await openHttp1(gatePort, Math.max(connections, FIXED_LANES));
  try {
    expectedInLog += await untilAnswering(arm, gate.lanes);
    const many = gate.lanes.slice(0, connections);
    const isFirst = rounds.length === 0;
    const warming = seconds * (isFirst && warmup ? 1 : 0.2);
    const guess = rounds.at(-1)?.full.perSecond ?? FIRST_GUESS;
    const warm = await closed(many, prepare(guess * warming, toHttp1), warming);
    const alone = await closed(gate.lanes.slice(0, 1), prepare(ALONE_PER_SECOND * seconds, toHttp1), seconds);
    const rate = Math.max(warm.perSecond, isFirst ? 0 : guess) * ROOM;
    const full = await closed(many, prepare(rate * seconds, toHttp1), seconds);
    const fixedRate = full.perSecond * FIXED_SHARE;
    const fixedRequests = prepare(fixedRate * seconds, toHttp1);
    const fixed = await measured(fixedRequests, () =>
      openLoop(gate.lanes, fixedRequests, arm.expected, fixedRate),
    );
    let direct: Round["direct"];
    if (arm.protocol !== undefined) {
      const [open, write] = arm.protocol === "grpc" ? [openGrpc, toCheckRequest] : [openHttp1, toHttp1];
      const lanes: Lanes = await open(authorizerPort, connections);
      try {
        direct = {
          alone: withoutEnvoy(
            await closed(lanes.lanes.slice(0, 1), prepare(ALONE_PER_SECOND * seconds, write), seconds),
          ),
          full: withoutEnvoy(await closed(lanes.lanes, prepare(rate * seconds, write), seconds)),
        };
      } finally {
        lanes.close();
      }
    }
    await started.audit?.(expectedInLog);
    return {
      alone,
      full,
      fixed,
      direct,
      resident: started.pid === undefined ? 0 : residentBytes(started.pid),
    };
  } finally {
    gate.close();
  }
}

/**
 * Asks until the arm answers as it shall, and then once with a wrong proof.
 *
 * @returns how many calls were answered as expected
 */
async function untilAnswering(arm: Arm, [lane]: readonly Lane[]): Promise<number> {
  if (lane === undefined) throw new Error("no lane");
  const ask = (request: Buffer): Promise<Answer> =>
    new Promise((resolve, reject) =>
      lane.send(request, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
    );
  await waitFor(`${arm.name} answers`, async () => {
    const answer = await ask(toHttp1(arm.calls()));
    if (!isSame(answer, arm.expected)) throw new Error(`it answers ${answerText(answer)}`);
    return true;
  });
  if (!arm.refuses) return 1;
  await waitFor(`${arm.name} refuses`, async () => {
    const answer = await ask(toHttp1(withWrongProof(arm.calls())));
    if (isShed(answer)) return undefined;
    if (answer.status === 401 || answer.status === 403) return true;
    throw new Error(`a wrong proof got ${answerText(answer)}`);
  });
  return 1;
}

function withoutEnvoy({ envoyCpu: _, ...stretch }: Proxied): Stretch {
  return stretch;
}

function clock(pid: number | undefined): () => number {
  if (pid === undefined) return () => 0;
  const before = cpuMicroseconds(pid);
  return () => cpuMicroseconds(pid) - before;
}

function latencyOf({ latencies }: Sample): Latency {
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    p999: percentile(latencies, 0.999),
  };
}
