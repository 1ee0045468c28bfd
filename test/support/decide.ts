import assert from "node:assert/strict";
import { authorize, type Policy } from "../../src/decision/authorize.ts";
import type { Decision } from "../../src/decision/decision.ts";
import { loadGateway } from "../../src/gateway/load.ts";
import type { HttpRequest } from "../../src/gateway/request.ts";
import { finish } from "../../src/steps.ts";
import type { Trust } from "../../src/warrant/chain.ts";

/** A policy that enforces, and remembers nothing. */
export function policyOf(gatewayYaml: string, trust: Trust): Policy {
  const loaded = loadGateway(gatewayYaml, "gateway.yaml");
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.errors.map(({ message }) => message).join("; "));
  return { gateway: loaded.gateway, trust, mode: "enforce", strictestMode: "enforce" };
}

/** A POST with a body of JSON. */
export function postOf(
  target: string,
  headers: Readonly<Record<string, string | undefined>>,
  json: string,
): HttpRequest {
  const bytes = Buffer.from(json);
  const all = { ...headers, "content-type": "application/json", "content-length": String(bytes.length) };
  const sent = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, [value]] as const],
  );
  return {
    method: "POST",
    target,
    authority: "api",
    protocol: "HTTP/1.1",
    headers: { lines: new Map(sent), exact: true },
    body: { bytes, exact: true },
  };
}

export function decide(policy: Policy, now: number, request: HttpRequest): Decision {
  return finish(authorize(policy, now, request));
}

/** All that a decision says of the call. */
export function verdictOn(policy: Policy, now: number, request: HttpRequest): Decision {
  const { isChainKnown: _, ...verdict } = decide(policy, now, request);
  return verdict;
}
