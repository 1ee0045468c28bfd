import { openSync } from "node:fs";
import { Bench } from "tinybench";
import { generateSigningKey, signMessage, verifySignature } from "../src/crypto/ed25519.ts";
import { authorize } from "../src/decision/authorize.ts";
import { admit } from "../src/gateway/admit.ts";
import { extract } from "../src/gateway/extract.ts";
import { matchRoute } from "../src/gateway/match.ts";
import { isRefusal } from "../src/gateway/refusal.ts";
import { readCheckRequest } from "../src/server/check/check-request.ts";
import { toCheckResponse } from "../src/server/check/check-response.ts";
import { serializeResponse } from "../src/server/check/response-guard.ts";
import { PREFIX_BYTES } from "../src/server/grpc/grpc-message.ts";
import { createLog } from "../src/server/log/log.ts";
import { createMetrics } from "../src/server/metrics/metrics.ts";
import type { Outcome } from "../src/server/outcome.ts";
import { createState } from "../src/server/state/state.ts";
import { unixNow } from "../src/server/unix-now.ts";
import { finish } from "../src/steps.ts";
import { parseWarrantHeader } from "../src/warrant/header.ts";
import { snapshotOf } from "../test/support/service.ts";
import { type Calls, orders, reads, readsOfStrangers, repeatedReads } from "./calls/calls.ts";
import { filesYaml, ordersYaml } from "./calls/gateway-yaml.ts";
import { type HttpCall, toCheckRequest } from "./calls/http-call.ts";
import { print } from "./common.ts";
import { table } from "./report/table.ts";

// What each step of a check takes by itself, in this process: where a change shows.

/** Milliseconds for each step; the first argument. */
const TIME = Number(process.argv[2] ?? 500);

const root = generateSigningKey();
const files = await snapshotOf(filesYaml(root.publicKey.hex));
const shop = await snapshotOf(ordersYaml(root.publicKey.hex));
const now = unixNow();

const messageOf = (call: HttpCall): Buffer => toCheckRequest(call).subarray(PREFIX_BYTES);

function questionOf(call: HttpCall) {
  const question = readCheckRequest(messageOf(call));
  if ("refused" in question) throw new Error(question.detail);
  return question;
}

const bench = new Bench({ time: TIME, warmupTime: TIME / 2 });

/** A step that is given something else each time, made while nobody measures. */
function add<T>(name: string, make: () => T, step: (input: T) => unknown): void {
  let input = make();
  const beforeEach = (): void => {
    input = make();
  };
  bench.add(name, () => void step(input), { beforeEach });
}

function decide(snapshot: typeof files, { request }: ReturnType<typeof questionOf>): void {
  const decision = finish(authorize(snapshot.policy, now, request));
  if (!decision.allow) throw new Error(`${decision.reason}: ${decision.detail}`);
}

const same =
  <T>(value: T) =>
  (): T =>
    value;
const single = reads(root, 1);
const chain = reads(root, 3);
const order = orders(root);

const message = Buffer.alloc(160, 7);
const signature = signMessage(root, message);
add("one Ed25519 verification", same(root.publicKey), (key) => verifySignature(key, message, signature));
add("read the CheckRequest", same(messageOf(single(now))), readCheckRequest);
add("read it, a chain of three", same(messageOf(chain(now))), readCheckRequest);
add("read it, with a body", same(messageOf(order(now))), readCheckRequest);
for (const [name, snapshot, calls] of [
  ["route and arguments", files, single],
  ["route and arguments, of a body too", shop, order],
] as const) {
  add(
    name,
    () => questionOf(calls(now)).request,
    (request) => {
      const match = matchRoute(snapshot.policy.gateway, request);
      if (admit(snapshot.policy.gateway, request) !== undefined || isRefusal(match))
        throw new Error("refused");
      return finish(extract(snapshot.policy.gateway, match, request));
    },
  );
}
const headerOf = (calls: Calls): string => calls(now).headers[0]?.[1] ?? "";
add("read the warrant", same(headerOf(single)), (text) => finish(parseWarrantHeader(text)));
add("read a chain of three", same(headerOf(chain)), (text) => finish(parseWarrantHeader(text)));
for (const [name, snapshot, calls] of [
  ["decide: warrant and proof new", files, readsOfStrangers(root)],
  ["decide: proof new", files, single],
  ["decide: a chain of three, proof new", files, chain],
  ["decide: nothing new", files, repeatedReads(root)],
  ["decide: a body, proof new", shop, order],
] as const) {
  add(
    name,
    () => questionOf(calls(now)),
    (question) => decide(snapshot, question),
  );
}

const { request, caller } = questionOf(single(now));
const decision = finish(authorize(files.policy, now, request));
const requestId = "req_9b8c0000000000000000000000000000";
const response = toCheckResponse(decision, requestId, request, files.answers);
add("make the answer", same(decision), (known) => toCheckResponse(known, requestId, request, files.answers));
add("write its bytes", same(response), serializeResponse);
const receivedAt = performance.now();
const outcome: Outcome = {
  ...{ decision, request, caller, requestId, parent: undefined, traceId: undefined },
  ...{ receivedAt, answeredAt: receivedAt + 0.2 },
};
const log = createLog("info", openSync("/dev/null", "w"));
const metrics = createMetrics({
  version: "0.0.0",
  state: createState({ configFile: "", trustedKeys: [] }, { snapshot: files, seen: new Map() }),
  now: () => now,
  isReady: () => true,
  connections: () => 1,
  inflight: () => 0,
  lostLines: () => 0,
});
add("log it", same(outcome), (told) => log.decision(told, files));
add("count it", same(outcome), (told) => metrics.decision(told, files));

await bench.run();
const rows = bench.tasks.map(({ name, result }) => {
  if (!("latency" in result)) throw new Error(`${name} failed`, { cause: result });
  const { p50, p99, mean } = result.latency;
  return [name, ...[p50, mean, p99].map((milliseconds) => (milliseconds * 1000).toFixed(1))];
});
print(table(["step", "median, µs", "mean", "p99"], rows, 3));
await log.end();
