import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, fileQuestions, keepAsking, told } from "../support/asking.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import { type Gateway, throughEnvoy } from "../support/through-envoy.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const questions = await fileQuestions(root);

let stack: Stack;
const skip = await noStack();
before(async () => {
  if (skip) return;
  stack = await startStack({ trustedKeys: [root.publicKey.hex] });
});
after(() => stack?.stop());

/** What was allowed reached the upstream, and else at most what was cut off on its way back. */
async function assertNothingSlipped(reachedBefore: number, { allowed, cutOff }: Gateway): Promise<void> {
  const reached = (await stack.upstreamCount()) - reachedBefore;
  const most = allowed() + cutOff();
  assert.ok(reached >= allowed() && reached <= most, `${allowed()} ≤ ${reached} ≤ ${most}`);
}

async function areAllRight(gateway: Gateway): Promise<true | undefined> {
  for (const { target, headers, expected } of questions)
    if (!expected.includes(await gateway.ask(target, await headers()))) return undefined;
  return true;
}

function assertRight(t: TestContext, what: string, figures: Figures): void {
  t.diagnostic(`${what}: ${told(figures)}`);
  assert.deepEqual(figures.wrong, []);
}

describe("faults", { skip }, () => {
  test("the service killed under load: Envoy answers 503, nothing slips by, and verdicts are right again after", async (t) => {
    const reachedBefore = await stack.upstreamCount();
    const gateway = throughEnvoy(stack);
    const asking = keepAsking(t, gateway, questions, 8);
    for (let round = 0; round < 2; round++) {
      await sleep(500);
      await stack.killService();
      await sleep(500);
      await stack.startService();
    }
    await waitFor("right verdicts", () => areAllRight(gateway));
    const figures = await asking.stop();
    assertRight(
      t,
      `service killed twice, ${gateway.held()} held at 503, ${gateway.cutOff()} cut off`,
      figures,
    );
    assert.ok(gateway.held() > 0);
    await assertNothingSlipped(reachedBefore, gateway);
  });

  test("Envoy killed under load: the service goes on, and through a new Envoy verdicts are right", async (t) => {
    const reachedBefore = await stack.upstreamCount();
    const gateway = throughEnvoy(stack);
    const asking = keepAsking(t, gateway, questions, 8);
    const uptime = async () => {
      const { host, port } = stack.health();
      const status = await (await fetch(`http://${host}:${port}/status`)).json();
      return (status as { uptime_secs: number }).uptime_secs;
    };
    await sleep(500);
    const before = await uptime();
    await stack.killEnvoy();
    await sleep(300);
    assert.ok((await uptime()) >= before, "it isn't another process");
    await stack.startEnvoy();
    await waitFor("right verdicts", () => areAllRight(gateway));
    const figures = await asking.stop();
    assertRight(t, `Envoy killed, ${gateway.held()} held at 503, ${gateway.cutOff()} cut off`, figures);
    await assertNothingSlipped(reachedBefore, gateway);
  });

  test("10 000 requests that clients cancel don't touch the verdicts of others", async (t) => {
    const { host, port } = stack.gateway();
    const headers = Object.fromEntries(Object.entries(await questions[0].headers()));
    const gateway = throughEnvoy(stack);
    const asking = keepAsking(t, gateway, questions, 4);
    const started = performance.now();
    let cancelled = 0;
    let refused = 0;
    while (cancelled < 10_000) {
      const session = connectHttp2(`http://${host}:${port}`);
      session.on("error", () => {});
      for (let i = 0; i < 500 && !session.destroyed; i++) {
        const path = i % 2 === 0 ? "/v1/files/a" : "/v1/files/b";
        const stream = session.request({ ":path": path, ":authority": "gateway.test", ...headers });
        stream.on("error", () => refused++);
        // Some at once, some while the check is under way, some after.
        setTimeout(() => stream.close(8), (i % 5) * 2);
        cancelled++;
        // No faster than leaves room for those others.
        if (i % 50 === 49) await sleep(25);
      }
      await sleep(15);
      session.destroy();
    }
    const seconds = (performance.now() - started) / 1000;
    await waitFor("right verdicts", () => areAllRight(gateway));
    const figures = await asking.stop();
    assertRight(
      t,
      `${cancelled} cancelled in ${seconds.toFixed(1)} s, ${refused} refused; ${gateway.held()} held at 503, ${gateway.cutOff()} cut off`,
      figures,
    );
    assert.ok(gateway.allowed() > 0, "others were served");
  });
});
