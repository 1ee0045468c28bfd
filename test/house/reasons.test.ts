import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ANSWERS, RPC_CODES } from "../../src/decision/reason.ts";

const page = readFileSync(new URL("../../docs/reasons.md", import.meta.url), "utf8");
const rows = new Map(
  Array.from(
    page.matchAll(/^\| `(\w+)` \| (\d+) \| ([\w-]+) \| (\d+|–) \|/gm),
    ([, reason = "", ...cells]) => [reason, cells],
  ),
);

test("docs/reasons.md has every reason with its status, error and code, and no other", () => {
  assert.deepEqual([...rows.keys()].sort(), Object.keys(ANSWERS).sort());
  for (const [reason, { status, error, code }] of Object.entries(ANSWERS)) {
    assert.deepEqual(rows.get(reason), [String(status), error, String(code ?? "–")], reason);
  }
});

test("no denial has the status code 0, which Envoy takes for an allow", () => {
  for (const code of Object.values(RPC_CODES)) assert.notEqual(code, 0);
});
