import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { startWorkerProcess, type WorkerProcess } from "../../../../src/server/workers/worker-process.ts";

const folder = mkdtempSync(join(tmpdir(), "tenuo-worker-"));
after(() => rmSync(folder, { recursive: true }));

/** A program in place of the worker's. */
function start(t: TestContext, code: string): WorkerProcess {
  const program = join(folder, `${t.name.length}.mjs`);
  writeFileSync(program, code);
  const worker = startWorkerProcess(program);
  t.after(worker.kill);
  return worker;
}

test("a worker that hangs while it starts is ended after a minute", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const worker = start(t, `process.on("message", () => {}); setInterval(() => {}, 1000);`);
  const answer = worker.ask("leave", null);
  t.mock.timers.tick(60_000);
  assert.equal(await Promise.race([worker.ended, "alive"]), "alive");
  t.mock.timers.tick(5_000);
  assert.equal((await worker.ended).how, "SIGKILL");
  assert.equal(await answer, undefined);
});

test("it is silent only once all its lines were read", async (t) => {
  const text = `${"x".repeat(99)}\n`.repeat(1_000);
  const worker = start(t, `process.stdout.write(${JSON.stringify(text)});process.disconnect();`);
  let read = "";
  worker.lines?.setEncoding("utf8").on("data", (chunk: string) => {
    read += chunk;
  });
  // As a busy primary would: it reads only once the process is gone.
  worker.lines?.pause();
  await worker.silent;
  assert.equal(read, text);
});
