import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import { SETUPS } from "../support/bypass/attempt.ts";
import { credentials } from "../support/bypass/cast.ts";
import { ENVOYS } from "../support/bypass/envoys.ts";
import { passing, sweepGatewayYaml, sweepReadings, type Trial, trials } from "../support/bypass/sweep.ts";
import { send } from "../support/client.ts";
import { ownIssuer } from "../support/own.ts";
import { type Address, noStack, startStack } from "../support/stack.ts";
import type { Received } from "../support/upstream.ts";
import { newKey } from "../support/warrants.ts";
import { sendWire } from "../support/wire.ts";

/** Many, since Envoy takes a second to close a connection over HTTP/2 on which it won't read a request. */
const IN_FLIGHT = 256;
const CONNECTIONS = 16;
const skip = await noStack();
const root = newKey();
const holder = newKey();
const tools = { path: {}, query: {}, both: {} };
const warrant = await ownIssuer.mint(root, { holder, tools, ttl: 3600 });

for (const version of [1, 2] as const) {
  for (const setup of SETUPS) {
    test(`every byte in every spelling, ${setup}, version ${version}: what passes is read as signed`, {
      skip,
    }, async (t) => {
      const stack = await startStack({
        gatewayYaml: sweepGatewayYaml(version),
        trustedKeys: [root.publicKey.hex],
        envoyYaml: ENVOYS[setup],
      });
      t.after(() => stack.stop());
      const before = await stack.upstreamCount();
      const { tried, passed } = await sweep(stack.gateway());
      assert.equal(await stack.upstreamCount(), before + passed.length, "requests at the upstream");
      t.diagnostic(`${tried} requests, of which ${passed.length} passed`);
      for (const [place, forms] of Object.entries(passing(setup, version))) {
        for (const [form, chars] of Object.entries(forms)) {
          const found = passed.filter((trial) => trial.place === place && trial.form === form);
          assert.equal(
            charsOf(found.map(({ byte }) => byte)),
            charsOf(Buffer.from(chars, "latin1")),
            `${place} ${form}`,
          );
        }
      }
    });
  }
}

async function sweep(
  gateway: Address,
): Promise<{ readonly tried: number; readonly passed: readonly Trial[] }> {
  const connections = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const passed: Trial[] = [];
  const left = trials();
  let tried = 0;
  const work = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) {
      tried++;
      const received = await make(next.value, gateway, connections);
      if (received === undefined) continue;
      assertReadAsSigned(next.value, received);
      passed.push(next.value);
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  } finally {
    connections.destroy();
  }
  return { tried, passed };
}

function charsOf(bytes: Iterable<number>): string {
  return Buffer.from([...new Set(bytes)].sort((a, b) => a - b)).toString("latin1");
}

async function make(trial: Trial, gateway: Address, agent: Agent): Promise<Received | undefined> {
  const { form, over, target, signs } = trial;
  const headers = credentials(warrant, await ownIssuer.proof(warrant, holder, signs));
  const { status, body } =
    form === "raw"
      ? await sendWire(gateway, { ...over, target, headers })
      : await send(gateway, { target, headers }, agent);
  if (status === 200) return JSON.parse(body);
  assert.ok(status === 0 || (status >= 400 && status < 500), `${status} for ${target}: ${body}`);
  return undefined;
}

function assertReadAsSigned({ target, signs }: Trial, received: Received): void {
  for (const reading of sweepReadings(received.target))
    assert.deepEqual(reading, signs, `${target}, which arrived as ${received.target}`);
  const { value = "" } = signs.args;
  assert.doesNotMatch(String(value), /[^ -~]|[/\\;%?#]/, `a path of ${target}`);
}
