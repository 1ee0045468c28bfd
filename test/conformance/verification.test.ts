import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize, type Policy } from "../../src/decision/authorize.ts";
import { parseJson } from "../../src/gateway/json.ts";
import { loadGateway } from "../../src/gateway/load.ts";
import type { HttpRequest } from "../../src/gateway/request.ts";
import { finish } from "../../src/steps.ts";
import { isObject } from "../../src/value.ts";
import type { Trust } from "../../src/warrant/chain.ts";
import { parseWarrantHeader } from "../../src/warrant/header.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { verifyCall } from "../../src/warrant/verify.ts";
import { readVectors } from "./vectors.ts";

interface Vector {
  readonly name: string;
  readonly check: string;
  readonly now: number;
  readonly config: {
    readonly trusted_roots: readonly string[];
    readonly clock_tolerance_secs: number;
    readonly pop_window_secs: number;
    readonly pop_max_windows: number;
    readonly required_clearance?: readonly { readonly tool: string; readonly level: number }[];
  };
  readonly request: {
    readonly tool: string;
    readonly args_json: string;
    readonly warrant_header: string | null;
    readonly further_warrant_headers?: readonly string[];
    readonly pop_header: string | null;
    readonly approvals_header?: string | null;
  };
  readonly expected: { readonly reason_also?: readonly string[] };
  readonly want: {
    readonly decision: "allow" | "deny";
    readonly reason?: string;
    readonly reason_also?: readonly string[];
  };
}

const { vectors } = readVectors<{ vectors: readonly Vector[] }>("verification");

const EMPTY_TOOLS = "an empty tools map grants nothing, so no link may start or end at one";
const BEYOND_I64 =
  "an integer that can't be kept exactly makes the body unreadable, not the request ambiguous";

/** Outcomes that differ from the file on purpose, each with its reason. */
const DELIBERATE: ReadonlyMap<string, { readonly reason: string; readonly why: string }> = new Map([
  ["chain-child-empty-tools", { reason: "chain_invalid", why: EMPTY_TOOLS }],
  ["chain-issuer-to-execution-empty-tools", { reason: "chain_invalid", why: EMPTY_TOOLS }],
  ["chain-empty-tools-all-the-way-denies", { reason: "chain_invalid", why: EMPTY_TOOLS }],
  [
    "chain-child-expiry-over-i64-under-parent",
    { reason: "invalid_warrant", why: "a child that expires in the year 292 billion outlives its parent" },
  ],
  ["json-int-above-i64-becomes-string", { reason: "body_unreadable", why: BEYOND_I64 }],
  ["json-int-u64-max-becomes-string", { reason: "body_unreadable", why: BEYOND_I64 }],
  ["json-int-above-u64-becomes-float", { reason: "body_unreadable", why: BEYOND_I64 }],
  ["json-int-below-i64-becomes-float", { reason: "body_unreadable", why: BEYOND_I64 }],
]);

test("every request of verification.json gets its decision and reason", async (t) => {
  for (const vector of vectors) {
    await t.test(`${vector.check}: ${vector.name}`, () => {
      const reason = decide(vector);
      const accepted = acceptedReasons(vector);
      assert.ok(accepted.includes(reason), `got ${reason}, want ${accepted.join(" or ")}`);
    });
  }
});

test("the file is complete", () => assert.equal(vectors.length, 508));

function acceptedReasons({ name, want, expected }: Vector): readonly string[] {
  const deliberate = DELIBERATE.get(name);
  if (deliberate !== undefined) return [deliberate.reason];
  if (want.decision === "allow") return ["allow"];
  return [want.reason ?? "", ...(want.reason_also ?? []), ...(expected.reason_also ?? [])];
}

/** @returns `allow`, or the reason to deny. */
function decide(vector: Vector): string {
  const { config, now } = vector;
  const trust: Trust = {
    roots: new Set(config.trusted_roots),
    clockToleranceSeconds: config.clock_tolerance_secs,
  };
  if (vector.check === "pop-window-config") return decideWithWindows(vector, trust);
  const policy: Policy = {
    gateway: gatewayFor(vector),
    trust,
    mode: "enforce",
    strictestMode: "enforce",
  };
  const decision = finish(authorize(policy, now, requestOf(vector)));
  return decision.allow ? "allow" : decision.reason;
}

/** The product has no setting for windows; the rule behind it is general. */
function decideWithWindows({ config, request, now }: Vector, trust: Trust): string {
  const stack = finish(parseWarrantHeader(request.warrant_header ?? ""));
  assert.ok(isStack(stack));
  const parsed = parseJson(Buffer.from(request.args_json));
  assert.ok(parsed.ok && isObject(parsed.document.value));
  const call = { tool: request.tool, args: parsed.document.value, proof: request.pop_header ?? undefined };
  const windows = { windowSeconds: config.pop_window_secs, maxWindows: config.pop_max_windows };
  return finish(verifyCall(stack, call, trust, now, {}, windows)).refused ?? "allow";
}

/** One route, and one rule for each member of the body: the arguments of the case are the arguments of the call. */
function gatewayFor({ config, request: { tool: asked, args_json: argsJson } }: Vector) {
  // No route can lead to a reserved name, so any other will do to show that its warrant isn't read.
  const tool = asked.startsWith("tenuo:") ? "other" : asked;
  const parsed = parseJson(Buffer.from(argsJson));
  const names = parsed.ok && isObject(parsed.document.value) ? [...parsed.document.value.keys()] : ["any"];
  const constraints = Object.fromEntries(names.map((name) => [name, { from: "body", path: name }]));
  const file = {
    version: "1",
    settings: { max_chain_length: 65 },
    tools: {
      [tool]: {
        constraints: names.length > 0 ? constraints : { any: { from: "body", path: "any" } },
        clearance: clearanceOf(tool, config.required_clearance),
      },
    },
    routes: [{ pattern: "/call", method: ["POST"], tool }],
  };
  const loaded = loadGateway(JSON.stringify(file), "gateway.yaml");
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.errors.map((error) => error.message).join("; "));
  return loaded.gateway;
}

/** The level of the file's patterns for one tool: the exact name, else the longest prefix, else `*`. */
function clearanceOf(tool: string, demanded: Vector["config"]["required_clearance"] = []): number {
  const fits = demanded.filter(({ tool: pattern }) =>
    pattern.endsWith("*") ? tool.startsWith(pattern.slice(0, -1)) : pattern === tool,
  );
  const exact = fits.find(({ tool: pattern }) => pattern === tool);
  const longestFirst = fits.toSorted((a, b) => b.tool.length - a.tool.length);
  return (exact ?? longestFirst[0])?.level ?? 0;
}

function requestOf({ request }: Vector): HttpRequest {
  const body = Buffer.from(request.args_json);
  const lines = new Map<string, readonly string[]>([
    ["content-type", ["application/json"]],
    ["content-length", [String(body.length)]],
  ]);
  if (request.warrant_header !== null) {
    lines.set("x-tenuo-warrant", [request.warrant_header, ...(request.further_warrant_headers ?? [])]);
  }
  if (request.pop_header !== null) lines.set("x-tenuo-pop", [request.pop_header]);
  if (request.approvals_header != null) lines.set("x-tenuo-approvals", [request.approvals_header]);
  return {
    method: "POST",
    target: "/call",
    authority: "api",
    protocol: "HTTP/1.1",
    headers: { lines, exact: true },
    body: { bytes: body, exact: true },
  };
}
