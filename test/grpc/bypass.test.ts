import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ANSWERS, RPC_CODES } from "../../src/decision/reason.ts";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import { assertArrivedAsSigned, assertTellsOnlyReason } from "../support/bypass/arrival.ts";
import { AS_SIGNED, BARE_SETUPS, CLASSES } from "../support/bypass/attempt.ts";
import { type Cast, newCast, prepare } from "../support/bypass/cast.ts";
import { forwarded, toQuestion } from "../support/bypass/check.ts";
import { ATTEMPTS } from "../support/bypass/index.ts";
import { startService } from "../support/service.ts";

const gatewayYaml = readFileSync(new URL("../support/bypass/gateway.yaml", import.meta.url), "utf8");

async function serve(t: TestContext, { root }: Cast): Promise<ReturnType<typeof connectAuthorization>> {
  const trusted = `settings: {trusted_roots: ["${root.publicKey.hex}"]}`;
  const { port } = await startService(t, gatewayYaml.replace("settings: {}", trusted));
  const authorizer = connectAuthorization(`127.0.0.1:${port}`);
  t.after(authorizer.close);
  return authorizer;
}

for (const setup of BARE_SETUPS) {
  test(`a bypass at the service, behind a proxy that changes nothing, ${setup}`, async (t) => {
    const cast = await newCast();
    const authorizer = await serve(t, cast);

    for (const attempt of ATTEMPTS) {
      const outcome = attempt.yields[setup];
      if (typeof outcome !== "string") continue;
      await t.test(`${attempt.class}, ${CLASSES[attempt.class]}: ${attempt.tries}`, async () => {
        const request = await prepare(attempt, cast);
        const answer = await authorizer.check(toQuestion(request, setup === "bare raw"));
        const { status, okResponse, deniedResponse } = answer;
        if (outcome === AS_SIGNED) {
          assert.ok(okResponse && !deniedResponse && status?.code === 0, deniedResponse?.body);
          assert.ok(attempt.signs !== undefined, "nothing was signed");
          assertArrivedAsSigned(forwarded(request, answer), attempt.signs, cast);
        } else {
          assert.ok(deniedResponse && !okResponse, "it was allowed");
          assertTellsOnlyReason(deniedResponse.body, outcome);
          assert.equal(status?.code, RPC_CODES[ANSWERS[outcome].status]);
        }
      });
    }
  });
}

test("whatever is sent for a CheckRequest, the answer is whole", async (t) => {
  const authorizer = await serve(t, await newCast());
  const http = { method: "GET", path: "/v1/files/a" };
  for (const question of [
    {},
    { attributes: {} },
    { attributes: { request: {} } },
    { attributes: { request: { http: {} } } },
    { attributes: { request: { http } } },
    {
      attributes: {
        request: { http: { ...http, size: -1, scheme: "\0", id: "\n", fragment: "a", query: "a" } },
      },
    },
  ]) {
    const { status, okResponse, deniedResponse } = await authorizer.check(question);
    assert.ok(status?.code !== 0 && deniedResponse && !okResponse, JSON.stringify(question));
  }
});

test("what a proxy tells of peers and certificates is no warrant", async (t) => {
  const authorizer = await serve(t, await newCast());
  const peer = { principal: "spiffe://cluster.local/ns/a/sa/admin", service: "admin", certificate: "a" };
  const http = { method: "GET", path: "/v1/files/a", host: "gateway.test", protocol: "HTTP/1.1" };
  const { deniedResponse } = await authorizer.check({
    attributes: {
      source: peer,
      destination: peer,
      request: { http },
      contextExtensions: { tenuo_tool: "read_file", "x-tenuo-tool": "read_file" },
    },
  });
  assertTellsOnlyReason(deniedResponse?.body ?? "{}", "missing_warrant");
});
