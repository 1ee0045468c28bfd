import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { RESULT_HEADERS } from "../../src/server/check/check-response.ts";
import { findEntry } from "./access-log.ts";
import { type Agent, newAgent } from "./agent.ts";
import type { HeaderLines } from "./client.ts";
import type { Stack } from "./stack.ts";
import { settled, verdictsOf } from "./verdicts.ts";

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

/** A call, and its request. */
export const CALL = { tool: "read_file", args: { name: "report-7" } };
export const TARGET = "/v1/files/report-7";
const CREDENTIALS = ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-approvals"];
/** By which some frameworks act on another path than that of the request. */
const OTHER_PATHS = ["x-original-url", "x-rewrite-url"];

/** What every set-up has to do, whatever else it is about, as cases of one suite. */
export function guardCases(name: string, options: GuardOptions): void {
  const { skip = false, root, start, leavesCredentials = false } = options;
  describe(name, { skip }, () => {
    let stack: Stack;
    let agent: Agent;
    before(async () => {
      stack = await start();
      agent = await newAgent(root, { read_file: {} });
    });
    after(() => stack?.stop());

    const { allowed, denied, refused } = verdictsOf(() => stack);
    const sent = () => agent.headers(CALL);

    it("lets a granted call through, with the verified facts", async () => {
      const forged = [...RESULT_HEADERS, ...OTHER_PATHS].map((header) => [header, "forged"] as const);
      const { headers } = await allowed({
        target: TARGET,
        headers: [...(await sent()), ["x-tenuo-approvals", ""], ...forged],
      });
      const arrived = Object.fromEntries(headers);
      assert.deepEqual(
        [arrived["x-tenuo-tool"], arrived["x-tenuo-holder"], arrived["x-tenuo-root"]],
        ["read_file", agent.key.publicKey.hex, root.publicKey.hex],
      );
      assert.ok(!headers.some(([, value]) => value === "forged"));
      assert.deepEqual(
        CREDENTIALS.filter((header) => header in arrived),
        leavesCredentials ? CREDENTIALS : [],
      );
    });

    it("refuses another call, with the reason", async () => {
      const headers = await sent();
      await denied({ target: "/v1/files/report-8", headers }, 401, "invalid_pop");
      await denied({ target: "/v1/docs/a", headers }, 403, "tool_not_in_warrant");
      const entry = await findEntry(stack, "a line of the denial", ({ tenuo }) => tenuo.reason !== null);
      assert.equal(entry.details, "ext_authz_denied");
    });

    it("refuses a call without a warrant", async () => {
      await denied({ target: TARGET }, 401, "missing_warrant");
    });

    it("refuses a path that no route knows", async () => {
      for (const target of ["/", "/v1", "/health", "/metrics"])
        await denied({ target, headers: await sent() }, 404, "no_route");
    });

    options.more?.(() => stack, sent);

    it("refuses everything while nobody judges, and works again afterwards", async () => {
      await stack.killService();
      for (const target of [TARGET, "/v1/files/report-8", "/"])
        await refused({ target, headers: await sent() }, 503);
      await stack.startService();
      await settled(stack.gateway(), { target: TARGET, headers: await sent() }, 200);
    });
  });
}
