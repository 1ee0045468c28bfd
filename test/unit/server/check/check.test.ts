import assert from "node:assert/strict";
import { test } from "node:test";
import { createCheckService } from "../../../../src/server/check/check.ts";
import type { Work } from "../../../../src/server/check/work-queue.ts";
import type { Arrival } from "../../../../src/server/grpc/grpc-server.ts";
import type { Outcome } from "../../../../src/server/outcome.ts";
import type { Snapshot } from "../../../../src/server/state/snapshot.ts";
import { finish } from "../../../../src/steps.ts";
import { type CheckResponse, decodeResponse, serializeCheck } from "../../../support/check-request.ts";
import { ownIssuer } from "../../../support/own.ts";
import { snapshotOf } from "../../../support/service.ts";
import { newKey, unixNow } from "../../../support/warrants.ts";

const root = newKey();
const agent = newKey();
const gatewayYaml = (mode: string) => `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"], mode: ${mode}}
tools: {read: {constraints: {}}}
routes: [{pattern: "/read", method: GET, tool: read}]
`;

const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read: {} } });
const proof = await ownIssuer.proof(warrant, agent, { tool: "read", args: {} });
const rightCall = serializeCheck({
  ...{ method: "GET", path: "/read", host: "api" },
  headers: { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof },
});

/** One check under way: the work that was queued, and what was replied and logged so far. */
interface Asked {
  readonly work: Work | undefined;
  readonly replies: readonly CheckResponse[];
  readonly reasons: readonly (string | undefined)[];
}

function ask(snapshot: Snapshot, arrival: Partial<Arrival> = {}, isQueueFull = false): Asked {
  let work: Work | undefined;
  const replies: CheckResponse[] = [];
  const reasons: (string | undefined)[] = [];
  const tell = ({ decision }: Outcome): void => {
    reasons.push(decision.allow ? undefined : decision.reason);
  };
  const queue = {
    offer: (offered: Work): boolean => {
      work = offered;
      return !isQueueFull;
    },
    length: () => 0,
  };
  createCheckService({ snapshot: () => snapshot, now: unixNow, tell, fault: () => {} }, queue).check(
    {
      ...{ message: rightCall, receivedAt: performance.now(), answerBy: Number.POSITIVE_INFINITY },
      ...{ isCancelled: () => false, ...arrival },
    },
    (answer) => replies.push(decodeResponse(answer)),
  );
  return { work, replies, reasons };
}

const statusOf = ({ replies }: Asked) => replies.map(({ deniedResponse }) => deniedResponse?.status?.code);
const PAST = -1;

test("a right call is allowed once its work is done, and not before", async () => {
  const asked = ask(await snapshotOf(gatewayYaml("enforce")));
  assert.equal(asked.replies.length, 0);
  assert.ok(asked.work?.isWanted());
  finish((asked.work as Work).steps);
  assert.deepEqual([asked.replies[0]?.status?.code, asked.reasons], [0, [undefined]]);
});

test("what the queue doesn't take is overloaded at once", async () => {
  const asked = ask(await snapshotOf(gatewayYaml("enforce")), {}, true);
  assert.deepEqual([statusOf(asked), asked.reasons], [[503], ["overloaded"]]);
});

test("where nothing is blocked, overload doesn't block either, and what a client forged is removed", async () => {
  const message = serializeCheck({ method: "GET", path: "/read", headers: { "x_tenuo-tool": "forged" } });
  const { replies, reasons } = ask(await snapshotOf(gatewayYaml("permissive")), { message }, true);
  const { status, okResponse } = replies[0] ?? {};
  assert.deepEqual([status?.code, reasons], [0, ["overloaded"]]);
  assert.ok(okResponse?.headersToRemove?.includes("x_tenuo-tool"));
  assert.ok(okResponse?.headersToRemove?.includes("x-tenuo-tool"));
});

test("work beyond its deadline isn't wanted, and is answered without being judged", async () => {
  const asked = ask(await snapshotOf(gatewayYaml("enforce")), { answerBy: PAST });
  assert.equal(asked.work?.isWanted(), false);
  asked.work?.abandon();
  assert.deepEqual([statusOf(asked), asked.reasons], [[503], ["overloaded"]]);
});

test("an allow that comes too late is none", async () => {
  const asked = ask(await snapshotOf(gatewayYaml("enforce")), { answerBy: PAST });
  if (asked.work !== undefined) finish(asked.work.steps);
  assert.deepEqual([statusOf(asked), asked.reasons], [[503], ["overloaded"]]);
});

test("work for a caller that has gone isn't wanted, and says nothing", async () => {
  const asked = ask(await snapshotOf(gatewayYaml("enforce")), { isCancelled: () => true });
  assert.equal(asked.work?.isWanted(), false);
  asked.work?.abandon();
  assert.deepEqual([asked.replies, asked.reasons], [[], []]);
});

test("work that broke is answered with a denial", async () => {
  const asked = ask(await snapshotOf(gatewayYaml("enforce")));
  asked.work?.abandon(new Error("a bug"));
  assert.deepEqual(statusOf(asked), [503]);
});
