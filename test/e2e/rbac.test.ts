import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { findEntry } from "../support/access-log.ts";
import { type Agent, newAgent } from "../support/agent.ts";
import type { Request } from "../support/client.ts";
import { envoyFile } from "../support/envoy-files.ts";
import { noLocalStack, noStack, type Stack, type StackSettings, startStack } from "../support/stack.ts";
import { startLocal } from "../support/stack-local.ts";
import { verdictsOf } from "../support/verdicts.ts";
import { type Call, newKey, type Tools } from "../support/warrants.ts";

// envoy/rbac.yaml, as it stands, and with a mistake in it that leads around the check.

const troubleshooting = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");

const gatewayYaml = `
version: "2"
settings: { strip_credentials: true }
tools: { read_file: {}, place_order: {}, cheap: {} }
routes:
  - { pattern: "/v1/files/{name}", method: GET, tool: read_file }
  - { pattern: /v1/files/by/mistake, method: GET, tool: cheap }
  - { pattern: /v1/orders, method: POST, tool: place_order }
  - { pattern: /v1/other, method: GET, tool: cheap }
  - { pattern: /v1/files/watched/now, method: GET, tool: read_file, mode: audit }
`;
const tools: Tools = { read_file: {}, place_order: {}, cheap: {} };
const readFile: Call = { tool: "read_file", args: {} };
const placeOrder: Call = { tool: "place_order", args: {} };

const root = newKey();
const otherRoot = newKey();
/** The root of the file is nobody's. */
const envoyYaml = replaced(envoyFile("rbac.yaml"), /\b[0-9a-f]{64}\b/, root.publicKey.hex);
const skip = await noStack();
/** Of the mistakes, each with a stack of its own. */
const skipMistakes = await noLocalStack();

let stack: Stack;
let agent: Agent;
const { allowed, denied, refused } = verdictsOf(() => stack);
const start = async (
  yaml: string,
  starting: (settings: StackSettings) => Promise<Stack> = startStack,
): Promise<void> => {
  const trustedKeys = [root.publicKey.hex, otherRoot.publicKey.hex];
  stack = await starting({ trustedKeys, gatewayYaml, envoyYaml: yaml });
  agent = await newAgent(root, tools);
};

describe("a second lock behind the check", { skip }, () => {
  before(async () => {
    await start(envoyYaml);
  });
  after(() => stack?.stop());

  it("opens for a call that was allowed, as the tool of its path", async () => {
    await allowed({ target: "/v1/files/a", headers: await agent.headers(readFile) });
  });

  it("leaves denials as they are", async () => {
    await denied({ target: "/v1/files/a" }, 401, "missing_warrant");
  });

  it("stays shut for a path that gateway.yaml gives another tool", async () => {
    const headers = await agent.headers({ tool: "cheap", args: {} });
    for (const target of ["/v1/files/by/mistake", "/v1/other"])
      await shut({ target, headers }, { decision: "allow", tool: "cheap" });
  });

  it("stays shut for a call that passes in audit mode alone", async () => {
    await shut({ target: "/v1/files/watched/now" }, { decision: "would_deny", tool: "read_file" });
  });

  it("opens for one root, and for warrants that were handed on once at most", async () => {
    const order = async (by: Agent): Promise<Request> => ({
      method: "POST",
      target: "/v1/orders",
      headers: [...(await by.headers(placeOrder)), ["content-length", "0"]],
    });
    const [child, stranger] = [await agent.delegate(tools), await newAgent(otherRoot, tools)];
    for (const by of [agent, child]) await allowed(await order(by));
    const expected = { decision: "allow", tool: "place_order" };
    await shut(await order(await child.delegate(tools)), expected);
    await shut(await order(stranger), expected);
    await allowed({ target: "/v1/files/a", headers: await stranger.headers(readFile) });
  });
});

const MISTAKES: readonly (readonly [what: string, find: string, put: string, decision: string | null])[] = [
  [
    "the check is switched off on a route",
    "                        - match: { prefix: / }\n",
    `                        - match: { prefix: / }
                          typed_per_filter_config:
                            envoy.filters.http.ext_authz:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                              disabled: true
`,
    null,
  ],
  [
    "the check is switched off for all routes",
    "                  - name: envoy.filters.http.ext_authz\n",
    "                  - name: envoy.filters.http.ext_authz\n                    disabled: true\n",
    null,
  ],
  [
    "the check is only watched",
    "                      failure_mode_allow: false\n",
    "                      failure_mode_allow: false\n                      shadow_mode: true\n",
    "deny",
  ],
  [
    "the check is made for a part of the requests",
    "                      deny_at_disable:\n                        runtime_key: tenuo.deny_at_disable\n                        default_value: true\n",
    "                      filter_enabled: { default_value: { numerator: 0 } }\n",
    null,
  ],
];

for (const [what, find, put, decision] of MISTAKES) {
  describe(`where ${what}`, { skip: skipMistakes }, () => {
    before(async () => {
      await start(replaced(envoyYaml, find, put), startLocal);
    });
    after(() => stack?.stop());

    it("the second lock is shut", async () => {
      await shut({ target: "/v1/files/a" }, { decision });
    });
  });
}

describe("where no verdict is an allow", { skip: skipMistakes }, () => {
  before(async () => {
    const open = replaced(envoyYaml, "failure_mode_allow: false", "failure_mode_allow: true");
    await start(open, startLocal);
  });
  after(() => stack?.stop());

  it("the second lock is shut as soon as the service is gone", async () => {
    await stack.killService();
    await shut({ target: "/v1/files/a", headers: await agent.headers(readFile) }, { decision: null });
  });
});

/** Refused by RBAC, which the access log tells from a denial. */
async function shut(
  request: Request,
  tenuo: { readonly decision: string | null; readonly tool?: string },
): Promise<void> {
  const { body } = await refused(request, 403);
  assert.equal(body, "RBAC: access denied", request.target);
  const entry = await findEntry(
    stack,
    "the entry",
    ({ path, status }) => path === request.target && status === 403,
  );
  const row = `| 403 | \`${entry.flags}\` | \`${entry.details}\` |`;
  assert.equal(row, "| 403 | `-` | `rbac_access_denied_matched_policy[none]` |");
  assert.ok(troubleshooting.includes(row));
  assert.deepEqual({ ...tenuo, ...entry.tenuo }, { ...entry.tenuo, ...tenuo });
}

/** @throws {Error} where it isn't there */
function replaced(text: string, find: string | RegExp, put: string): string {
  const changed = text.replace(find, put);
  if (changed === text) throw new Error(`not in the file: ${find}`);
  return changed;
}
