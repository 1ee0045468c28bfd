import assert from "node:assert/strict";
import { test } from "node:test";
import { fileQuestions, keepAsking, told } from "../support/asking.ts";
import { noLocalStack } from "../support/stack.ts";
import { startLocal } from "../support/stack-local.ts";
import { throughEnvoy } from "../support/through-envoy.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const questions = await fileQuestions(root);
const REPLICAS = 3;
const WORKERS = 4;
const REQUESTS = 600;

test("with several workers of Envoy each replica gets its share, and no verdict is wrong", {
  skip: await noLocalStack(),
}, async (t) => {
  const stack = await startLocal({
    trustedKeys: [root.publicKey.hex],
    ...{ replicas: REPLICAS, workers: WORKERS },
  });
  t.after(stack.stop);
  const judged = async ({ healthPort }: { readonly healthPort: number }): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith("tenuo_decisions_total{"));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
  const shares = () => Promise.all(stack.replicas.map(judged));
  // Envoy asked while it started.
  const before = await shares();

  const gateway = throughEnvoy(stack);
  const asking = keepAsking(t, gateway, questions, 4 * WORKERS);
  await waitFor("verdicts", () => asking.figures().asked > REQUESTS || undefined, 60);
  const figures = await asking.stop();
  const got = (await shares()).map((count, i) => count - (before[i] ?? 0));
  t.diagnostic(`${WORKERS} workers, ${REPLICAS} replicas got ${got.join(", ")}: ${told(figures)}`);
  assert.deepEqual([figures.wrong, figures.errors, gateway.held()], [[], 0, 0]);
  assert.equal(await stack.upstreamCount(), gateway.allowed(), "requests at the upstream");
  assert.equal(
    got.reduce((sum, count) => sum + count),
    figures.asked,
  );
  // Half of an even share: two hosts are drawn and the less busy one is asked.
  for (const share of got) assert.ok(share > figures.asked / REPLICAS / 2, got.join(", "));
});
