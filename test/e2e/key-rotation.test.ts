import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { callHeaders, keepAsking, type Question, told } from "../support/asking.ts";
import { ownIssuer } from "../support/own.ts";
import { noLocalStack } from "../support/stack.ts";
import { startLocal } from "../support/stack-local.ts";
import { throughEnvoy } from "../support/through-envoy.ts";
import { newKey } from "../support/warrants.ts";

const [older, newer, agent] = [newKey(), newKey(), newKey()];
const holderOf = async (root: SigningKey) => {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read_file: {} }, ttl: 3600 });
  return callHeaders(warrant, agent, { tool: "read_file", args: { name: "a" } });
};
const [withOlder, withNewer] = await Promise.all([holderOf(older), holderOf(newer)]);
const TARGET = "/v1/files/a";
const trust = (...roots: readonly SigningKey[]) => ({
  TENUO_TRUSTED_KEYS: roots.map(({ publicKey }) => publicKey.hex).join(),
});

test("roots are rotated by TENUO_TRUSTED_KEYS and rolling restarts under load, and no valid call is denied", {
  skip: await noLocalStack(),
}, async (t) => {
  const stack = await startLocal({
    trustedKeys: [],
    replicas: 2,
    env: trust(older),
    serveArguments: ["--drain-seconds", "3"],
  });
  t.after(stack.stop);
  const gateway = throughEnvoy(stack);
  let headers = withOlder;
  const client: Question = {
    name: "a client",
    target: TARGET,
    headers: () => headers(),
    expected: ["allow"],
  };
  const asking = keepAsking(t, gateway, [client], 8);
  const rollOut = async (...roots: readonly SigningKey[]): Promise<void> => {
    for (const replica of stack.replicas) {
      replica.signal("SIGTERM");
      assert.equal(await replica.ended(), 0);
      await replica.start(trust(...roots));
      await sleep(1_500);
    }
  };
  const verdicts = async (): Promise<ReadonlySet<string>> => {
    const { ask, close } = throughEnvoy(stack);
    const told = new Set<string>();
    // Enough of them for both replicas to be asked.
    for (let i = 0; i < 20; i++) told.add(await ask(TARGET, await withOlder()));
    close();
    return told;
  };

  await rollOut(older, newer);
  assert.deepEqual(await verdicts(), new Set(["allow"]));
  headers = withNewer;
  await sleep(500);
  await rollOut(newer);
  assert.deepEqual(await verdicts(), new Set(["untrusted_root"]));
  const figures = await asking.stop();
  t.diagnostic(told(figures));
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
});
