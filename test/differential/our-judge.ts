import assert from "node:assert/strict";
import { authorize, type Policy } from "../../src/decision/authorize.ts";
import type { Reason } from "../../src/decision/reason.ts";
import { loadGateway } from "../../src/gateway/load.ts";
import { unixNow } from "../../src/server/unix-now.ts";
import { finish } from "../../src/steps.ts";
import { isUsable, parseRevocationList, type RevocationList } from "../../src/warrant/revocation-list.ts";
import { bodyOf, type Case, headersOf, type Verdict } from "./judge.ts";
import { KEYS } from "./keys.ts";
import { gatewayYaml, ROOTS } from "./trust.ts";

export interface OurVerdict extends Verdict {
  readonly reason: Reason | "allow";
}

function trustedRoots(): ReadonlySet<string> {
  return new Set(ROOTS.map((name) => KEYS[name].publicKey.hex));
}

/** @throws {Error} when we can't use what the SDK signed. */
export function readRevocationList(bytes: Uint8Array): RevocationList {
  const now = unixNow();
  const list = parseRevocationList(bytes, { signers: trustedRoots(), now, clockToleranceSeconds: 30 });
  if (!isUsable(list)) throw new Error(`the revocation list of the SDK ${list.unusable}`);
  return list;
}

/** This repository's own decision, from the same file and the same request as the published server's. */
export function createOurJudge(list: RevocationList): (given: Case) => OurVerdict {
  const loaded = loadGateway(gatewayYaml(true), "gateway.yaml");
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.errors.map(({ message }) => message).join("; "));
  const { gateway } = loaded;
  const policy: Policy = {
    gateway,
    trust: { roots: trustedRoots(), clockToleranceSeconds: 30, revocation: { list, required: true } },
    mode: "enforce",
    strictestMode: "enforce",
  };
  return ({ spec: { call }, material }) => {
    const body = Buffer.from(bodyOf(call.args));
    const headers = {
      ...headersOf(material),
      "content-type": "application/json",
      "content-length": String(body.length),
    };
    const lines = Object.entries(headers).map(([name, value]) => [name, [value]] as const);
    const decision = finish(
      authorize(policy, material.now, {
        method: "POST",
        target: `/${call.tool}`,
        authority: "api",
        protocol: "HTTP/1.1",
        headers: { lines: new Map(lines), exact: true },
        body: { bytes: body, exact: true },
      }),
    );
    if (decision.allow) return { allow: true, reason: "allow", detail: "" };
    return { allow: false, reason: decision.reason, detail: `${decision.reason}: ${decision.detail}` };
  };
}
