import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { getContainerRuntimeClient } from "testcontainers";
import { missing } from "../support/missing.ts";

const execute = promisify(execFile);
const folder = fileURLToPath(new URL("../../docs/kubernetes", import.meta.url));
/** It stays, as building it again takes minutes. */
const IMAGE = "tenuo-examples:e2e";

const skip = await getContainerRuntimeClient().then(
  () => false as const,
  (error) => missing("the image of docs/kubernetes, for want of a container engine", error),
);

describe("the image of docs/kubernetes", { skip, timeout: 300_000 }, () => {
  it("runs its programs as the manifests do: not as root, with nothing to write to", async (t) => {
    const clone = mkdtempSync(join(tmpdir(), "tenuo-clone-"));
    t.after(() => rmSync(clone, { recursive: true }));
    cpSync(folder, clone, { recursive: true });
    // As with a umask of 077.
    await execute("chmod", ["-R", "go=", clone]);
    await execute("docker", ["build", "--quiet", "--tag", IMAGE, clone]);
    const restricted = [
      "--read-only",
      "--cap-drop=ALL",
      "--security-opt=no-new-privileges",
      "--network=none",
    ];
    const run = (...args: readonly string[]) =>
      execute("docker", ["run", "--rm", ...restricted, IMAGE, ...args]);
    const { stdout } = await run(
      "-c",
      "import os, warrants, gateway, control_plane_client; print(os.getuid(), os.listdir())",
    );
    assert.match(stdout, /^65532 \[/);
    for (const each of ["batch", "control_plane", "fetch", "orchestrator", "service", "tasks", "tool"])
      assert.ok(stdout.includes(`'${each}.py'`), each);
    await assert.rejects(run("batch.py", "x"), /no warrant: set TENUO_WARRANT_BASE64 or TENUO_WARRANT_FILE/);
  });
});
