import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { envoyBinary } from "../support/envoy.ts";
import { ENVOY_FOLDER, envoyFile, envoyFiles } from "../support/envoy-files.ts";
import { guardCases } from "../support/guard-cases.ts";
import { noLocalStack, noStack, startStack } from "../support/stack.ts";
import { newKey } from "../support/warrants.ts";

const run = promisify(execFile);

/** What Envoy says of it; files that it names are looked for in the folder, as where the README mounts it. */
async function validate(yaml: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-validate-"));
  try {
    const file = join(folder, "envoy.yaml");
    writeFileSync(file, yaml.replaceAll("/etc/envoy/", ENVOY_FOLDER));
    const { stdout, stderr } = await run(await envoyBinary(), ["--mode", "validate", "--config-path", file]);
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const skip = await noLocalStack();

describe("Envoy accepts, and warns of nothing in", { skip }, () => {
  for (const name of envoyFiles) {
    it(`envoy/${name}`, async () => {
      const said = await validate(envoyFile(name));
      assert.match(said, /configuration .* OK/);
      assert.doesNotMatch(said, /\[(?:warning|error|critical)\]|deprecated/i);
    });
  }

  it("no file with a field that it doesn't know", async () => {
    const wrong = envoyFile("gateway.yaml").replace("failure_mode_allow", "failure_mode_alow");
    await assert.rejects(validate(wrong), /failure_mode_alow/);
  });
});

const root = newKey();

guardCases("envoy/gateway.yaml", {
  ...{ skip: await noStack(), root },
  start: () => startStack({ trustedKeys: [root.publicKey.hex] }),
});
