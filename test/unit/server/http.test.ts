import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const LOADED = "process.moduleLoadList.some((name) => name.endsWith('undici/undici'))";

function loadsWebSockets(specifier: string): boolean {
  const script = `await import(${JSON.stringify(specifier)}); console.log(${LOADED});`;
  const told = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  return told.trim() === "true";
}

test("HTTP/1.1 comes without a WebSocket client, which an import of Node's loads", () => {
  assert.equal(loadsWebSockets(new URL("../../../src/server/http.ts", import.meta.url).href), false);
  assert.equal(loadsWebSockets("node:http"), true);
});
