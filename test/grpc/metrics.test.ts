import assert from "node:assert/strict";
import { test } from "node:test";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import type { Snapshot } from "../../src/server/state/snapshot.ts";
import { metric } from "../support/metric.ts";
import { ownIssuer } from "../support/own.ts";
import { startService } from "../support/service.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const gatewayYaml = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]}
tools: {read: {constraints: {path: {from: query, path: p}}}}
routes: [{pattern: "/read", method: GET, tool: read}]
`;

/** Whatever looks up the arguments of a tool throws. */
function withBrokenTools(snapshot: Snapshot): Snapshot {
  const { policy } = snapshot;
  const get = (): never => {
    throw new Error("no arguments");
  };
  const tools = Object.assign(new Map(policy.gateway.routes.tools), { get });
  const routes = { ...policy.gateway.routes, tools };
  return { ...snapshot, policy: { ...policy, gateway: { ...policy.gateway, routes } } };
}

test("a decision that can't be counted is answered and logged all the same, and the fault is counted", async (t) => {
  const service = await startService(t, gatewayYaml, { change: withBrokenTools });
  const { check, close } = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(close);
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read: { path: { exact: "a" } } } });
  const proof = await ownIssuer.proof(warrant, agent, { tool: "read", args: { path: "b" } });
  const headers = { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof };
  const http = { method: "GET", path: "/read?p=b", host: "api", headers };
  const { deniedResponse } = await check({ attributes: { request: { http } } });
  assert.equal(JSON.parse(deniedResponse?.body ?? "{}").reason, "constraint_violation");
  assert.deepEqual(
    service.logged.map(({ event }) => event),
    ["fault", "decision"],
  );
  assert.equal(await metric(service.healthPort as number, "tenuo_faults_total"), 1);
});
