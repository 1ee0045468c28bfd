import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Mode } from "../../src/gateway/schema.ts";
import { connectAuthorization, type ReceivedResponse } from "../../src/server/grpc/client.ts";
import { everyReason, type ReasonCase } from "../support/every-reason.ts";
import { type Service, startService } from "../support/service.ts";

const { cases, gatewayYaml } = everyReason();
const FORGED = { "x-tenuo-tool": "forged", "x-tenuo-warrant-id": "forged", "x-tenuo-warning": "forged" };
const REMOVED = ["warrant-id", "tool", "holder", "root", "chain-depth", "deny-reason"].map(
  (name) => `x-tenuo-${name}`,
);

function headersOf(options: NonNullable<ReceivedResponse["okResponse"]>["headers"] = []) {
  return Object.fromEntries(options.map(({ header }) => [header?.key ?? "", header?.value]));
}

function metadataOf({ dynamicMetadata }: ReceivedResponse): Readonly<Record<string, unknown>> {
  const fields = Object.entries(dynamicMetadata?.fields ?? {});
  return Object.fromEntries(fields.map(([name, value]) => [name, value.stringValue ?? value.numberValue]));
}

describe("in audit and permissive nothing is blocked, whatever the reason", () => {
  for (const mode of ["enforce", "audit", "permissive"] as const) {
    it(mode, async (t) => {
      const services = new Map<ReasonCase["change"] | number, Service>();
      for (const each of cases) {
        const key = each.maxInflight ?? each.change;
        const service = services.get(key) ?? (await start(t, mode, each));
        services.set(key, service);
        const before = service.logged.length;
        const response = await ask(service, each);
        assertAnswer(response, mode, each);
        const { detail } = service.logged.slice(before).find(({ event }) => event === "decision") ?? {};
        assert.equal((detail as { reason?: string }).reason, each.reason, `the log of ${each.name}`);
      }
    });
  }
});

function start(t: TestContext, mode: Mode, { change, maxInflight }: ReasonCase): Promise<Service> {
  return startService(t, gatewayYaml(`, mode: ${mode}`), {
    ...(change && { change }),
    ...(maxInflight !== undefined && { maxInflight }),
  });
}

async function ask(service: Service, { http }: ReasonCase): Promise<ReceivedResponse> {
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  const headers = { ...FORGED, ...(http["headers"] as Readonly<Record<string, string>>) };
  const response = await authorizer.check({ attributes: { request: { http: { ...http, headers } } } });
  authorizer.close();
  return response;
}

function assertAnswer(response: ReceivedResponse, mode: Mode, { name, reason }: ReasonCase): void {
  const { okResponse, deniedResponse, status } = response;
  const metadata = metadataOf(response);
  if (reason === undefined || mode !== "enforce") {
    assert.equal(status?.code, 0, name);
    assert.ok(okResponse != null && deniedResponse == null, name);
  }
  if (reason === undefined) {
    assert.deepEqual([metadata["decision"], metadata["mode"]], ["allow", mode], name);
  } else if (mode === "enforce") {
    assert.notEqual(status?.code, 0, name);
    assert.ok(okResponse == null, name);
    const told = headersOf(deniedResponse?.headers);
    assert.equal(told["x-tenuo-deny-reason"], reason, name);
    assert.equal(JSON.parse(deniedResponse?.body ?? "").reason, reason, name);
    assert.deepEqual([metadata["decision"], metadata["reason"]], ["deny", reason], name);
  } else {
    const { "x-tenuo-request-id": requestId, ...rest } = headersOf(okResponse?.headers);
    const warning = mode === "permissive" ? { "x-tenuo-warning": reason } : {};
    assert.match(String(requestId), /^req_/, name);
    assert.deepEqual(rest, warning, name);
    assert.deepEqual(headersOf(okResponse?.responseHeadersToAdd), warning, name);
    const removed = new Set(okResponse?.headersToRemove);
    for (const header of mode === "audit" ? [...REMOVED, "x-tenuo-warning"] : REMOVED)
      assert.ok(removed.has(header), `${name}: ${header}`);
    const { request_id: known, tool, ...facts } = metadata;
    assert.equal(known, requestId, name);
    assert.deepEqual(facts, { decision: "would_deny", reason, mode }, name);
  }
}
