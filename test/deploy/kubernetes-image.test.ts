import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { docker, noDocker } from "../support/image.ts";

const folder = fileURLToPath(new URL("../../docs/kubernetes", import.meta.url));
/** It stays, as building it again takes minutes. */
const IMAGE = "tenuo-examples:e2e";
const RESTRICTED = [
  ...["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"],
  "--network=none",
];

test("the image of docs/kubernetes runs its programs as manifests do: not as root, with nothing to write to", {
  skip: await noDocker(),
  timeout: 300_000,
}, async (t) => {
  const clone = mkdtempSync(join(tmpdir(), "tenuo-clone-"));
  t.after(() => rmSync(clone, { recursive: true }));
  cpSync(folder, clone, { recursive: true });
  // As with a umask of 077.
  execFileSync("chmod", ["-R", "go=", clone]);
  await docker("build", "--quiet", "--tag", IMAGE, clone);
  const run = (...args: readonly string[]) => docker("run", "--rm", ...RESTRICTED, IMAGE, ...args);
  const imported = "import os, warrants, gateway, control_plane_client; print(os.getuid(), os.listdir())";
  const printed = await run("-c", imported);
  assert.match(printed, /^65532 \[/);
  for (const each of ["batch", "control_plane", "fetch", "orchestrator", "service", "tasks", "tool"])
    assert.ok(printed.includes(`'${each}.py'`), each);
  await assert.rejects(run("batch.py", "x"), /no warrant: set TENUO_WARRANT_BASE64 or TENUO_WARRANT_FILE/);
});
