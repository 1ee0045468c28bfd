import { freePort } from "../test/support/free-port.ts";
import { waitFor } from "../test/support/wait.ts";
import { unixNow } from "../test/support/warrants.ts";
import type { Arm, Started } from "./arms/arm.ts";
import { withWrongProof } from "./calls/calls.ts";
import { type HttpCall, toCheckRequest, toHttp1 } from "./calls/http-call.ts";
import type { Round } from "./figures.ts";
import { type Answer, answerText, isSame } from "./load/answer.ts";
import { openGrpc } from "./load/grpc.ts";
import { openHttp1 } from "./load/http1.ts";
import type { Lane, Lanes } from "./load/lane.ts";
import { isShed } from "./load/sample.ts";
import { residentOf } from "./measure/memory.ts";

/** An arm whose program runs, and the port of Envoy that asks it. */
export interface Contender {
  readonly arm: Arm;
  readonly started: Started;
  readonly authorizerPort: number;
  readonly gatePort: number;
  /** Milliseconds from the start of the program to its first verdict; 0 where none runs. */
  readonly startMs: number;
  /** Resident memory after that, in bytes. */
  readonly idle: number;
  readonly rounds: Round[];
}

export async function startContender(arm: Arm, folder: string): Promise<Contender> {
  const [authorizerPort, gatePort] = [await freePort(), await freePort()];
  const before = performance.now();
  const started = await arm.start(authorizerPort, folder);
  const ports = { authorizerPort, gatePort };
  const { pid } = started;
  if (pid === undefined) return { arm, started, ...ports, startMs: 0, idle: 0, rounds: [] };
  const direct = await openDirect(arm, authorizerPort, 1);
  await untilAnswering(arm, direct.lanes, direct.write);
  const startMs = performance.now() - before;
  direct.close();
  await started.audit?.(1);
  return { arm, started, ...ports, startMs, idle: residentOf(pid), rounds: [] };
}

/** Lanes, and the form of a call that goes there. */
export interface Way extends Lanes {
  readonly write: (call: HttpCall) => Buffer;
}

/** To the program itself. */
export async function openDirect({ protocol }: Arm, port: number, count: number): Promise<Way> {
  if (protocol === "grpc") return { ...(await openGrpc(port, count)), write: toCheckRequest };
  return openGate(port, count);
}

/** To Envoy, or to a program that speaks as it does. */
export async function openGate(port: number, count: number): Promise<Way> {
  return { ...(await openHttp1(port, count)), write: toHttp1 };
}

/** Asks until one call is answered as it shall be. */
export async function untilAnswering(
  arm: Arm,
  [lane]: readonly Lane[],
  write: (call: HttpCall) => Buffer,
): Promise<void> {
  await waitFor(`${arm.name} answers`, async () => {
    const answer = await ask(lane, write(arm.calls(unixNow())));
    if (!isSame(answer, arm.expected)) throw new Error(`it answers ${answerText(answer)}`);
    return true;
  });
}

/** @throws {Error} where a wrong proof passes. */
export async function demandRefusal(arm: Arm, [lane]: readonly Lane[]): Promise<void> {
  const answer = await waitFor(`${arm.name} judges`, async () => {
    const answer = await ask(lane, toHttp1(withWrongProof(arm.calls(unixNow()))));
    return isShed(answer) ? undefined : answer;
  });
  if (answer.status === 401 || answer.status === 403) return;
  throw new Error(`${arm.name}: a wrong proof got ${answerText(answer)}`);
}

function ask(lane: Lane | undefined, request: Buffer): Promise<Answer> {
  if (lane === undefined) throw new Error("no lane");
  return new Promise((resolve, reject) =>
    lane.send(request, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
  );
}
