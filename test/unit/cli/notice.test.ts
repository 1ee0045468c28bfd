import assert from "node:assert/strict";
import { test } from "node:test";
import { noticesOf } from "../../../src/cli/notice.ts";

function told(isTerminal: boolean): string {
  let text = "";
  const notice = noticesOf({ isTerminal, stderr: (part) => (text += part) });
  notice("warn", "nothing is blocked");
  notice("error", "gateway.yaml:1:2: wrong\n  a: b\n  ^");
  return text;
}

test("a notice to a terminal is text", () => {
  assert.equal(told(true), "warning: nothing is blocked\ngateway.yaml:1:2: wrong\n  a: b\n  ^\n");
});

test("elsewhere each is one line that filters on the log can read", () => {
  const lines = told(false).split("\n").slice(0, -1);
  const [warning, error, ...others] = lines.map((line) => JSON.parse(line));
  assert.deepEqual(others, []);
  assert.match(warning.time, /^\d{4}-.*Z$/);
  assert.deepEqual([warning.level, warning.event, warning.message], ["warn", "notice", "nothing is blocked"]);
  assert.deepEqual([error.level, error.event], ["error", "notice"]);
  assert.equal(error.message, "gateway.yaml:1:2: wrong\n  a: b\n  ^");
});
