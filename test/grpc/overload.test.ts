import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client, credentials, status } from "@grpc/grpc-js";
import { connectAuthorization, type ReceivedResponse } from "../../src/server/grpc/client.ts";
import { MAX_CHAIN_LENGTH } from "../../src/warrant/limits.ts";
import { serializeCheck } from "../support/check-request.ts";
import { ownIssuer } from "../support/own.ts";
import { longChain, rawTools } from "../support/raw-chain.ts";
import { type Service, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const gatewayYaml = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"], max_chain_length: 65}
tools: {read: {constraints: {}}}
routes: [{pattern: "/read", method: GET, tool: read}]
`;

const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read: {} } });
const light = {
  ...{ method: "GET", path: "/read", host: "api" },
  headers: {
    "x-tenuo-warrant": warrant,
    "x-tenuo-pop": await ownIssuer.proof(warrant, agent, { tool: "read", args: {} }),
  },
};
/** A chain as long as it can be, with a proof that is wrong in the end: seventy signatures to verify. */
const makeHeavy = () => ({
  ...{ method: "GET", path: "/read", host: "api" },
  headers: {
    "x-tenuo-warrant": longChain(root, MAX_CHAIN_LENGTH, { maxDepth: 64n, tools: rawTools({ read: {} }) })
      .header,
    "x-tenuo-pop": Buffer.alloc(64, 1).toString("base64url"),
  },
});
const heavy = makeHeavy();

function connect(t: TestContext, service: Service): (http: object) => Promise<ReceivedResponse> {
  const { check, close } = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(close);
  return (http) => check({ attributes: { request: { http } } });
}

const reasonOf = (response: ReceivedResponse): string =>
  response.dynamicMetadata?.fields["reason"]?.stringValue ?? "allow";

function count(reasons: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...new Set(reasons)].map((reason) => [reason, reasons.filter((r) => r === reason).length]),
  );
}

test("above what may wait, checks are denied as overloaded, and every other verdict stays right", async (t) => {
  const service = await startService(t, gatewayYaml, { maxInflight: 3 });
  const ask = connect(t, service);
  const reasons = (await Promise.all(Array.from({ length: 60 }, () => ask(heavy)))).map(reasonOf);
  const { overloaded = 0, invalid_pop: judged = 0 } = count(reasons);
  t.diagnostic(`${overloaded} overloaded, ${judged} judged`);
  assert.ok(overloaded > 0 && judged > 0);
  assert.equal(overloaded + judged, 60, JSON.stringify(count(reasons)));
  assert.equal(reasonOf(await ask(light)), "allow");
});

test("a light check doesn't wait until heavy ones are done", async (t) => {
  const service = await startService(t, gatewayYaml);
  const [askHeavy, askLight] = [connect(t, service), connect(t, service)];
  // Each with links of its own, as signatures that were verified once are known.
  const heavies = Array.from({ length: 40 }, makeHeavy);
  let left = heavies.length;
  const all = heavies.map(async (each) => {
    await askHeavy(each);
    left--;
  });
  await waitFor("heavy checks to be begun", async () => {
    const page = await fetch(`http://127.0.0.1:${service.healthPort}/metrics`);
    return /^tenuo_checks_inflight [1-9]/m.test(await page.text()) || undefined;
  });
  assert.equal(reasonOf(await askLight(light)), "allow");
  t.diagnostic(`${left} of ${heavies.length} were left`);
  assert.ok(left > heavies.length / 2, "most heavy checks were done before it");
  await Promise.all(all);
});

test("checks whose deadline has passed aren't judged", async (t) => {
  const service = await startService(t, gatewayYaml);
  const client = new Client(`127.0.0.1:${service.port}`, credentials.createInsecure());
  t.after(() => client.close());
  const message = serializeCheck(heavy);
  const ask = connect(t, service);
  const alone: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await ask(heavy);
    alone.push(performance.now() - start);
  }
  const judgedAlone = service.logged.length;
  const count = 100;
  // Far less than all of them take, whatever the machine.
  const timeout = 10 * Math.min(...alone);
  const codes = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<number | undefined>((resolve) =>
          client.makeUnaryRequest(
            "/envoy.service.auth.v3.Authorization/Check",
            () => message,
            (bytes) => bytes,
            null,
            { deadline: Date.now() + timeout },
            (error) => resolve(error?.code),
          ),
        ),
    ),
  );
  assert.ok(codes.includes(status.DEADLINE_EXCEEDED));
  await waitFor("others to be served", async () => reasonOf(await ask(light)) === "allow" || undefined);
  const judged = service.logged
    .slice(judgedAlone)
    .filter(({ detail }) => (detail as { reason?: string }).reason === "invalid_pop");
  t.diagnostic(`${judged.length} of ${count} were judged`);
  assert.ok(judged.length < count);
});
