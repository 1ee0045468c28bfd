import assert from "node:assert/strict";
import { test } from "node:test";
import * as gatewayLimits from "../../../src/gateway/limits.ts";
import { loadGateway } from "../../../src/gateway/load.ts";
import * as warrantLimits from "../../../src/warrant/limits.ts";

/** `gateway` and `warrant` don't know each other; what both say of one thing is compared here. */

function problemsOf(settings: string, tool: string): readonly string[] {
  const route = `{pattern: /a, tool: "${tool}"}`;
  const text = `version: "2"\nsettings: {${settings}}\ntools: {"${tool}": {}}\nroutes: [${route}]\n`;
  const loaded = loadGateway(text, "gateway.yaml");
  return loaded.ok ? [] : loaded.errors.map(({ message }) => message);
}

test("gateway.yaml may ask for as long a chain as a warrant can have, and for none longer", () => {
  const longest = warrantLimits.MAX_CHAIN_LENGTH;
  assert.equal(gatewayLimits.MAX_CHAIN_LENGTH, longest);
  assert.deepEqual(problemsOf(`max_chain_length: ${longest}`, "t"), []);
  assert.equal(problemsOf(`max_chain_length: ${longest + 1}`, "t").length, 1);
});

test("gateway.yaml may ask for as many approvals as can help a warrant, and for no more", () => {
  const most = warrantLimits.MAX_APPROVALS;
  assert.equal(gatewayLimits.MAX_APPROVALS, most);
  assert.deepEqual(problemsOf(`max_approvals: ${most}`, "t"), []);
  assert.equal(problemsOf(`max_approvals: ${most + 1}`, "t").length, 1);
});

test("gateway.yaml reserves the tool names that warrants reserve, and no others", () => {
  const prefix = warrantLimits.RESERVED_TOOL_PREFIX;
  for (const tool of [prefix, `${prefix}a`]) assert.match(problemsOf("", tool).join("\n"), /reserved/, tool);
  for (const tool of [prefix.slice(0, -1), `${prefix.slice(0, -1)}_a`, `a${prefix}`])
    assert.deepEqual(problemsOf("", tool), [], tool);
});
