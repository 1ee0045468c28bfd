import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { cpuMicroseconds, ticksOf, withChildren } from "../../../bench/measure/cpu.ts";

test("times are found behind a name with spaces and parentheses", () => {
  const before = "7 (a) b (c) d) S 1 7 7 0 -1 4194304 100 0 0 0";
  assert.equal(ticksOf(`${before} 31 11 0 0 20 0 1 0 5 0 0`), 42);
  assert.throws(() => ticksOf("7 (cut"));
});

test("what a child of a process uses is counted with it", async (t) => {
  const busy =
    "while (process.cpuUsage().user < 3e5); process.stdout.write('done'); setInterval(() => {}, 1e6)";
  const parent = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(busy)}]);
    child.stdout.on("data", (text) => process.stdout.write(text));
    process.stdin.on("end", () => { child.kill(); process.exit(); }).resume();`;
  const process_ = spawn(process.execPath, ["-e", parent], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => process_.stdin.end());
  await once(process_.stdout, "data");
  const pid = process_.pid ?? 0;
  assert.equal(withChildren(pid).length, 2);
  assert.ok(cpuMicroseconds(pid) >= 300_000);
});
