import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { RESULT_HEADERS } from "../../src/server/check/check-response.ts";
import { findEntry } from "./access-log.ts";
import { credentials, type HeaderLines, send } from "./client.ts";
import { ownIssuer } from "./own.ts";
import type { Stack } from "./stack.ts";
import type { Received } from "./upstream.ts";
import { waitFor } from "./wait.ts";
import { newKey } from "./warrants.ts";

export interface GuardOptions {
  readonly skip?: string | false;
  /** The root that the stack trusts; its routes are those of test/e2e/gateway.yaml. */
  readonly root: SigningKey;
  readonly start: () => Promise<Stack>;
  /** The upstream gets them, to verify again. */
  readonly leavesCredentials?: boolean;
  /** Further cases of this stack. */
  readonly more?: (stack: () => Stack, sent: () => Promise<HeaderLines>) => void;
}

const agent = newKey();
const call = { tool: "read_file", args: { name: "report-7" } };
const TARGET = "/v1/files/report-7";
const CREDENTIALS = ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-approvals"];

/** What every set-up has to do, whatever else it is about, as cases of one suite. */
export function guardCases(name: string, options: GuardOptions): void {
  const { skip = false, root, start, leavesCredentials = false } = options;
  describe(name, { skip }, () => {
    let stack: Stack;
    before(async () => {
      stack = await start();
    });
    after(() => stack?.stop());

    const sent = async (): Promise<HeaderLines> => {
      const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read_file: {} }, ttl: 300 });
      return credentials(warrant, await ownIssuer.proof(warrant, agent, call));
    };
    const get = (target: string, headers: HeaderLines) => send(stack.gateway(), { target, headers });
    const refused = async (target: string, headers: HeaderLines, status: number, reason?: string) => {
      const reached = await stack.upstreamCount();
      const answer = await get(target, headers);
      assert.deepEqual([answer.status, answer.headers["x-tenuo-deny-reason"]], [status, reason], target);
      assert.equal(await stack.upstreamCount(), reached, "requests at the upstream");
    };

    it("lets a granted call through, with the verified facts", async () => {
      const forged = RESULT_HEADERS.map((header) => [header, "forged"] as const);
      const answer = await get(TARGET, [...(await sent()), ["x-tenuo-approvals", ""], ...forged]);
      assert.equal(answer.status, 200, answer.body);
      const { headers }: Received = JSON.parse(answer.body);
      const arrived = Object.fromEntries(headers);
      assert.deepEqual(
        [arrived["x-tenuo-tool"], arrived["x-tenuo-holder"], arrived["x-tenuo-root"]],
        ["read_file", agent.publicKey.hex, root.publicKey.hex],
      );
      assert.ok(!headers.some(([, value]) => value === "forged"));
      assert.deepEqual(
        CREDENTIALS.filter((header) => header in arrived),
        leavesCredentials ? CREDENTIALS : [],
      );
    });

    it("refuses another call, with the reason", async () => {
      await refused("/v1/files/report-8", await sent(), 401, "invalid_pop");
      await refused("/v1/docs/a", await sent(), 403, "tool_not_in_warrant");
      const entry = await findEntry(stack, "a line of the denial", ({ tenuo }) => tenuo.reason !== null);
      assert.equal(entry.details, "ext_authz_denied");
    });

    it("refuses a call without a warrant", async () => {
      await refused(TARGET, [], 401, "missing_warrant");
    });

    it("refuses a path that no route knows", async () => {
      for (const target of ["/", "/v1", "/health", "/metrics"])
        await refused(target, await sent(), 404, "no_route");
    });

    options.more?.(() => stack, sent);

    it("refuses everything while nobody judges, and works again afterwards", async () => {
      await stack.killService();
      for (const target of [TARGET, "/v1/files/report-8", "/"]) await refused(target, await sent(), 503);
      await stack.startService();
      await waitFor("a granted call to pass", async () =>
        (await get(TARGET, await sent())).status === 200 ? true : undefined,
      );
    });
  });
}
