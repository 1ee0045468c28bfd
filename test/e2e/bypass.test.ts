import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { ANSWERS } from "../../src/decision/reason.ts";
import { assertArrivedAsSigned, assertTellsOnlyReason } from "../support/bypass/arrival.ts";
import { AS_SIGNED, type Attempt, CLASSES, type Outcome, SETUPS } from "../support/bypass/attempt.ts";
import { newCast, prepare } from "../support/bypass/cast.ts";
import { ENVOYS } from "../support/bypass/envoys.ts";
import { ATTEMPTS } from "../support/bypass/index.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import type { Received } from "../support/upstream.ts";
import { sendWire } from "../support/wire.ts";
import type { WireAnswer } from "../support/wire-request.ts";

const gatewayYaml = readFileSync(new URL("../support/bypass/gateway.yaml", import.meta.url), "utf8");
const skip = await noStack();
const cast = await newCast();

describe("a bypass", { skip, concurrency: SETUPS.length }, () => {
  for (const setup of SETUPS)
    describe(`through Envoy, ${setup}`, { concurrency: 1 }, () => attemptsAt(setup));
});

function attemptsAt(setup: keyof typeof ENVOYS): void {
  let stack: Stack;
  before(async () => {
    const trustedKeys = [cast.root.publicKey.hex];
    stack = await startStack({ gatewayYaml, trustedKeys, envoyYaml: ENVOYS[setup] });
  });
  after(() => stack?.stop());

  for (const attempt of ATTEMPTS) {
    const outcome = attempt.yields[setup];
    if (typeof outcome === "object") continue;
    it(`${attempt.class}, ${CLASSES[attempt.class]}: ${attempt.tries}`, async () => {
      const before = await stack.upstreamCount();
      const answer = await sendWire(stack.gateway(), await prepare(attempt, cast));
      const arrived = (await stack.upstreamCount()) - before;
      assert.deepEqual(outcomeOf(answer, arrived), outcome, answer.body);
      if (outcome === AS_SIGNED) assertPassed(answer, attempt, arrived);
      else assertRefused(answer, outcome);
    });
  }
}

function outcomeOf({ status, headers, body }: WireAnswer, arrived: number): Outcome {
  if (arrived > 0) return AS_SIGNED;
  if ("x-tenuo-deny-reason" in headers) return headers["x-tenuo-deny-reason"] as Outcome;
  return body.startsWith('{"authorized":false') ? JSON.parse(body).reason : status;
}

function assertPassed({ status, body }: WireAnswer, { signs }: Attempt, arrived: number): void {
  assert.deepEqual([status, arrived], [200, 1], body);
  assert.ok(signs !== undefined, "nothing was signed");
  assertArrivedAsSigned(JSON.parse(body) as Received, signs, cast);
}

function assertRefused({ status, headers, body }: WireAnswer, outcome: Outcome): void {
  if (typeof outcome !== "string" || outcome === AS_SIGNED) return;
  // To clients of gRPC, Envoy tells what fails in headers of gRPC.
  const rpc = headers["grpc-message"];
  if (rpc === undefined) assert.equal(status, ANSWERS[outcome].status);
  else assert.ok(headers["grpc-status"] !== "0" && status === 200);
  if (rpc !== undefined || body !== "") assertTellsOnlyReason(rpc ?? body, outcome);
}
