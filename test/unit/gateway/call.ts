import assert from "node:assert/strict";
import { admit } from "../../../src/gateway/admit.ts";
import { extract } from "../../../src/gateway/extract.ts";
import type { Gateway } from "../../../src/gateway/gateway.ts";
import { loadGateway } from "../../../src/gateway/load.ts";
import { matchRoute } from "../../../src/gateway/match.ts";
import { formatProblem } from "../../../src/gateway/problem.ts";
import { type GatewayRefusal, isRefusal } from "../../../src/gateway/refusal.ts";
import { finish } from "../../../src/steps.ts";
import type { Arguments } from "../../../src/value.ts";
import { request, type Sent } from "./request.ts";

/** Loads a file that must load. */
export function gatewayOf(text: string): Gateway {
  const result = loadGateway(text, "gateway.yaml");
  assert.ok(result.ok, result.ok ? "" : result.errors.map(formatProblem).join("\n"));
  return result.gateway;
}

/** A file of one tool `t`, with the rules given, at one route. */
export function fileOf(
  rules: string,
  {
    version = "2",
    route = 'pattern: "/t"',
    settings = "",
  }: { version?: string; route?: string; settings?: string } = {},
): string {
  return `version: "${version}"\nsettings: {${settings}}\ntools:\n  t: {constraints: {${rules}}}\nroutes:\n  - {${route}, tool: t}\n`;
}

export type Outcome = { readonly tool: string; readonly args: Arguments } | GatewayRefusal;

/** What the gateway makes of a request, in the order in which a decision asks. */
export function call(gateway: Gateway, sent: Sent): Outcome {
  const asked = request(sent);
  const refusal = admit(gateway, asked);
  if (refusal !== undefined) return refusal;
  const match = matchRoute(gateway, asked);
  if (isRefusal(match)) return match;
  const extracted = finish(extract(gateway, match, asked));
  return isRefusal(extracted) ? extracted : { tool: match.tool, args: extracted.args };
}

/** The arguments of a call that must be readable, as a plain object. */
export function argumentsOf(text: string, sent: Sent): Record<string, unknown> {
  const outcome = call(gatewayOf(text), sent);
  assert.ok(!isRefusal(outcome), isRefusal(outcome) ? `${outcome.refused}: ${outcome.detail}` : "");
  return Object.fromEntries(outcome.args);
}

export function assertRefused(outcome: Outcome, reason: GatewayRefusal["refused"], detail?: RegExp): void {
  assert.ok(isRefusal(outcome), "the request was not refused");
  assert.equal(outcome.refused, reason, outcome.detail);
  if (detail !== undefined) assert.match(outcome.detail, detail);
}
