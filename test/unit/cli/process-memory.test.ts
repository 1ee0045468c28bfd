import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { imageVariables } from "../../../bench/arms/image-flags.ts";
import { restartFor } from "../../../src/cli/process-memory.ts";
import { oneTool } from "../../support/asking.ts";
import { startProgram } from "../../support/program.ts";
import { waitFor } from "../../support/wait.ts";
import { newKey } from "../../support/warrants.ts";

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const MIB = 1024 * 1024;

test("a service started plainly gets a small heap, and keeps the flags it was started with", () => {
  const restart = restartFor(["serve", "--config", "f"], ["--trace-warnings"], { HOME: "/h" });
  assert.equal(restart?.flags[0], "--trace-warnings");
  assert.equal(restart?.variables["HOME"], "/h");
  const limit = execFileSync(
    process.execPath,
    [...(restart?.flags ?? []), "--print", "v8.getHeapStatistics().heap_size_limit"],
    { encoding: "utf8" },
  );
  assert.ok(Number(limit) < 96 * MIB, limit);
});

test("started anew, it stays as it is", () => {
  const args = ["serve", "--config", "f"];
  const restart = restartFor(args, [], {});
  assert.ok(restart);
  assert.equal(restartFor(args, restart.flags, restart.variables), undefined);
});

test("who says how large the heap may be is heard", () => {
  const sayings = [
    "--max-old-space-size=512",
    "--max_old_space_size=512",
    "--max-old-space-size-percentage=40",
    "--max-semi-space-size=16",
    "--max-heap-size=600",
  ];
  for (const saying of sayings) {
    assert.equal(restartFor(["serve"], [saying], {}), undefined, saying);
    assert.equal(
      restartFor(["serve"], [], { NODE_OPTIONS: `--trace-warnings ${saying}` }),
      undefined,
      saying,
    );
  }
});

test("a variable of the operator's stays", () => {
  const { variables } = restartFor(["serve"], [], { MALLOC_MMAP_THRESHOLD_: "1" }) ?? {};
  assert.equal(variables?.["MALLOC_MMAP_THRESHOLD_"], "1");
});

test("the C library is told the same as in the image", () => {
  const { NODE_ENV: _, NODE_OPTIONS: flags, ...told } = imageVariables();
  assert.ok(flags);
  assert.deepEqual(restartFor(["serve"], [], {})?.variables, told);
});

test("commands that end by themselves aren't started anew", () => {
  assert.equal(restartFor(["check-config", "f"], [], {}), undefined);
});

test("the service runs with these flags, in the process that was started", async (t) => {
  const config = join(mkdtempSync(join(tmpdir(), "tenuo-memory-")), "gateway.yaml");
  writeFileSync(config, oneTool(newKey()));
  const ports = ["--bind", "127.0.0.1", "--port", "0", "--health-port", "0"];
  const service = startProgram(process.execPath, [main, "serve", "--config", config, ...ports]);
  t.after(async () => {
    await service.stop("SIGKILL");
    rmSync(dirname(config), { recursive: true });
  });
  await waitFor("the service to listen", () => /"event":"listening"/.test(service.output()) || undefined);
  const commandLine = readFileSync(`/proc/${service.pid}/cmdline`, "utf8");
  assert.match(commandLine, /--max-old-space-size=\d+/);
  const variables = readFileSync(`/proc/${service.pid}/environ`, "utf8").split("\0");
  assert.ok(variables.includes("MALLOC_ARENA_MAX=1"));
});

test("arguments, outputs and exit code are those of the program", () => {
  assert.throws(
    () =>
      execFileSync(process.execPath, [main, "serve", "--port", "a b"], { stdio: "pipe", encoding: "utf8" }),
    (error: { status: number; stderr: string }) => error.status === 2 && /a b|--config/.test(error.stderr),
  );
});
