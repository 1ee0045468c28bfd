import assert from "node:assert/strict";
import { test } from "node:test";
import { snapshotOf } from "../../support/service.ts";

const file = (settings: string, route = "") => `
version: "2"
settings: {${settings}}
tools: {t: {}}
routes: [{pattern: /t, tool: t${route}}, {pattern: /u, tool: t, mode: permissive}]
`;

test("enforce is the mode unless the file says otherwise", () => {
  assert.equal(snapshotOf(file("")).policy.mode, "enforce");
  assert.equal(snapshotOf(file("mode: audit")).policy.mode, "audit");
});

test("while the route is not known, one that enforces may be meant", () => {
  assert.equal(snapshotOf(file("mode: audit")).policy.strictestMode, "audit");
  assert.equal(snapshotOf(file("mode: audit", ", mode: enforce")).policy.strictestMode, "enforce");
  assert.equal(snapshotOf(file("mode: enforce", ", mode: audit")).policy.strictestMode, "enforce");
});

test("without a trusted root it isn't ready", () => {
  assert.deepEqual(snapshotOf(file("")).unready, ["no trusted root is configured"]);
  const root = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
  const snapshot = snapshotOf(file(`trusted_roots: ["${root}", "${root.toUpperCase()}"]`));
  assert.deepEqual(snapshot.unready, []);
  assert.deepEqual([...snapshot.policy.trust.roots], [root]);
});
