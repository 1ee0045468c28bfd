import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, fileQuestions, keepAsking, told } from "../support/asking.ts";
import { exampleEnvoyYaml } from "../support/envoy-yaml.ts";
import type { Replica } from "../support/replica.ts";
import { noLocalStack } from "../support/stack.ts";
import { type LocalSettings, type LocalStack, startLocal } from "../support/stack-local.ts";
import { type Gateway, throughEnvoy } from "../support/through-envoy.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const questions = await fileQuestions(root);
const CLIENTS = 8;

/** Two replicas behind one Envoy, with the example's settings. */
async function startTwo(t: TestContext, settings: Partial<LocalSettings> = {}): Promise<LocalStack> {
  const stack = await startLocal({ trustedKeys: [root.publicKey.hex], replicas: 2, ...settings });
  t.after(stack.stop);
  return stack;
}

/** @returns what the replica logged of its end */
async function restart(replica: Replica): Promise<string> {
  replica.signal("SIGTERM");
  assert.equal(await replica.ended(), 0);
  const output = replica.output();
  await replica.start();
  return output;
}

async function assertRight(
  t: TestContext,
  what: string,
  figures: Figures,
  gateway: Gateway,
  stack: LocalStack,
): Promise<void> {
  t.diagnostic(`${what}: ${told(figures)}; ${gateway.allowed()} allowed`);
  assert.deepEqual(figures.wrong, []);
  assert.ok(gateway.allowed() > 0);
  assert.equal(await stack.upstreamCount(), gateway.allowed(), "requests at the upstream");
}

/** One figure of Envoy's about the cluster of the service. */
async function envoyFigure({ adminPort }: LocalStack, name: string): Promise<number> {
  const filter = `cluster.tenuo-ext-authz.${name}`;
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=${filter}$`)).text();
  return Number(text.split(": ")[1]);
}

const skip = await noLocalStack();
describe("rolling restart", { skip }, () => {
  for (const [what, settings] of [
    ["", {}],
    // Nothing hides what is lost, so that nothing may be.
    [", without any retry", { envoyYaml: exampleEnvoyYaml.replace(/num_retries: \d+/, "num_retries: 0") }],
  ] as const) {
    test(`two replicas that restart in turn under load fail no request${what}`, async (t) => {
      const stack = await startTwo(t, settings);
      const gateway = throughEnvoy(stack);
      const asking = keepAsking(t, gateway, questions, CLIENTS);
      await sleep(500);
      for (const replica of stack.replicas) {
        assert.match(await restart(replica), /"event":"stopped","connections_cut_off":0,"calls_cut_off":0/);
        // Until Envoy has found it; in a rollout `minReadySeconds`.
        await sleep(1_500);
      }
      const figures = await asking.stop();
      await assertRight(t, `both restarted${what}`, figures, gateway, stack);
      assert.equal(figures.errors, 0);
      if (what !== "") assert.equal(await envoyFigure(stack, "upstream_rq_retry"), 0);
    });
  }

  test("a replica that is killed fails at most what was in flight", async (t) => {
    const stack = await startTwo(t);
    const gateway = throughEnvoy(stack);
    const asking = keepAsking(t, gateway, questions, CLIENTS);
    await sleep(500);
    for (const replica of stack.replicas) {
      const before = asking.figures().errors;
      await replica.kill();
      await sleep(1_000);
      await replica.start();
      await sleep(1_500);
      assert.ok(asking.figures().errors - before <= CLIENTS, told(asking.figures()));
    }
    await assertRight(t, "two kills", await asking.stop(), gateway, stack);
  });

  test("connections that end for their age fail no request", async (t) => {
    const stack = await startTwo(t, { serveArguments: ["--max-connection-age", "1"] });
    const gateway = throughEnvoy(stack);
    const asking = keepAsking(t, gateway, questions, CLIENTS);
    await sleep(6_000);
    const figures = await asking.stop();
    const connections = await envoyFigure(stack, "upstream_cx_total");
    await assertRight(t, `${connections} connections in turn`, figures, gateway, stack);
    assert.equal(figures.errors, 0);
    // Two workers, two replicas; those of the health checks aren't counted.
    assert.ok(connections > 4, String(connections));
  });
});
