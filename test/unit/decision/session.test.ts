import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSigningKey } from "../../../src/crypto/ed25519.ts";
import { authorize, type Policy } from "../../../src/decision/authorize.ts";
import type { Mode } from "../../../src/decision/decision.ts";
import { loadGateway } from "../../../src/gateway/load.ts";
import type { HttpRequest } from "../../../src/gateway/request.ts";
import { toCheckResponse } from "../../../src/server/check/check-response.ts";
import { finish } from "../../../src/steps.ts";
import { encodeHeader } from "../../../src/warrant/header.ts";
import { signProof } from "../../../src/warrant/proof.ts";
import type { Warrant } from "../../../src/warrant/warrant.ts";
import { rawChain, rawTools } from "../../support/raw-chain.ts";

const NOW = 1_800_000_000;
const root = generateSigningKey();
const agent = generateSigningKey();

/** What Envoy is told of a call under a warrant with both ids, or without them. */
function metadataOf(ids: readonly string[], { mode = "enforce" as Mode, now = NOW } = {}) {
  const loaded = loadGateway(
    "version: 2\nsettings: {}\ntools: {ping: {}}\nroutes: [{pattern: /, tool: ping}]",
    "g",
  );
  assert.ok(loaded.ok);
  const policy: Policy = {
    gateway: loaded.gateway,
    trust: { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 30 },
    mode,
    strictestMode: mode,
  };
  const extensions = new Map(ids.map((name) => [name, Buffer.from(`${name} ✓`)]));
  const fields = { tools: rawTools({ ping: {} }), extensions };
  const { header, leafId } = rawChain([{ signer: root, holder: agent, fields }], NOW);
  const call = { warrant: { id: leafId } as Warrant, tool: "ping", args: new Map() };
  const proof = encodeHeader(signProof(agent, call, now));
  const request: HttpRequest = {
    method: "GET",
    target: "/",
    authority: "api",
    protocol: "HTTP/1.1",
    headers: {
      lines: new Map([
        ["x-tenuo-warrant", [header]],
        ["x-tenuo-pop", [proof]],
      ]),
      exact: true,
    },
    body: { bytes: new Uint8Array(), exact: true },
  };
  const decision = finish(authorize(policy, now, request));
  const response = toCheckResponse(decision, "req_1", request, { debugMode: false, stripHeaders: [] });
  const { decision: verdict, session_id, agent_id } = response.metadata;
  return [verdict, session_id, agent_id];
}

const IDS = ["tenuo.session_id", "tenuo.agent_id"];

test("session and agent of the leaf go to Envoy with the verdict", () => {
  assert.deepEqual(metadataOf(IDS), ["allow", "tenuo.session_id ✓", "tenuo.agent_id ✓"]);
  assert.deepEqual(metadataOf([]), ["allow", undefined, undefined]);
  assert.deepEqual(metadataOf(IDS, { now: NOW + 3600 }), ["deny", "tenuo.session_id ✓", "tenuo.agent_id ✓"]);
});

test("a request that only passes because of the mode takes neither along", () => {
  assert.deepEqual(metadataOf(IDS, { mode: "audit", now: NOW + 3600 }), ["would_deny", undefined, undefined]);
});
