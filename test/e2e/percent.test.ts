import assert from "node:assert/strict";
import { Agent } from "node:http";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ENVOYS } from "../support/bypass/envoys.ts";
import {
  FORMS,
  PLACES,
  passing,
  sweepGatewayYaml,
  sweepReadings,
  type Trial,
  trials,
} from "../support/bypass/sweep.ts";
import { credentials, type Response, send } from "../support/client.ts";
import { ownIssuer } from "../support/own.ts";
import { type Address, noStack, startStack } from "../support/stack.ts";
import type { Received } from "../support/upstream.ts";
import { type Call, newKey } from "../support/warrants.ts";
import { sendWire } from "../support/wire.ts";

/** Many, since Envoy takes a second to close a connection over HTTP/2 on which it won't read a request. */
const IN_FLIGHT = 256;
const CONNECTIONS = 16;
/** How often an answer without a verdict, as a busy machine brings them, is asked for again. */
const TRIES = 10;

/** Any other refusal comes before the proof is looked at, so that no other call would fare better. */
const WRONG_PROOF = 401;

/** What HTTP libraries send as it stands. */
const PLAIN = /^[!-~]+$/;

/**
 * What tells set-ups and versions apart. The versions read paths in two ways, and queries in one. Escapes are ASCII, which
 * reaches the service alike with raw bytes and without; so with them only what isn't escaped is tried again.
 */
const SWEEPS = [
  { setup: "hardened", version: 2, forms: FORMS, places: PLACES },
  { setup: "hardened", version: 1, forms: FORMS, places: ["path", "both"] },
  { setup: "careless", version: 2, forms: FORMS, places: PLACES },
  { setup: "careless", version: 1, forms: FORMS, places: ["path", "both"] },
  { setup: "careless raw", version: 2, forms: ["raw"], places: PLACES },
] as const;

const skip = await noStack();
const root = newKey();
const holder = newKey();
const tools = { path: {}, query: {}, both: {} };
const warrant = await ownIssuer.mint(root, { holder, tools, ttl: 3600 });

// Two at a time: while one starts, another is under way.
describe("every byte in every spelling", { skip, concurrency: 2 }, () => {
  for (const { setup, version, forms, places } of SWEEPS) {
    test(`${setup}, version ${version}: what passes is read as signed`, async (t) => {
      const stack = await startStack({
        gatewayYaml: sweepGatewayYaml(version),
        trustedKeys: [root.publicKey.hex],
        envoyYaml: ENVOYS[setup],
      });
      t.after(() => stack.stop());
      const before = await stack.upstreamCount();
      const { tried, passed } = await sweep(stack.gateway(), trials(forms, places));
      assert.equal(await stack.upstreamCount(), before + passed.length, "requests at the upstream");
      t.diagnostic(`${tried} requests, of which ${passed.length} passed`);
      const expected = passing(setup, version);
      for (const place of places) {
        for (const form of forms) {
          const found = passed.filter((trial) => trial.place === place && trial.form === form);
          assert.equal(
            charsOf(found.map(({ byte }) => byte)),
            charsOf(Buffer.from(expected[place][form], "latin1")),
            `${place} ${form}`,
          );
        }
      }
    });
  }
});

async function sweep(
  gateway: Address,
  left: Iterator<Trial>,
): Promise<{ readonly tried: number; readonly passed: readonly Trial[] }> {
  const connections = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const passed: Trial[] = [];
  let tried = 0;
  const work = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) {
      for (const call of next.value.mayMean) {
        tried++;
        const { status, body } = await make(next.value, call, gateway, connections);
        if (status === 200) {
          assertReadAsSigned(next.value, call, JSON.parse(body));
          passed.push(next.value);
        } else if (status !== WRONG_PROOF) break;
      }
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

async function make(
  { over, target }: Trial,
  call: Call,
  gateway: Address,
  agent: Agent,
): Promise<Pick<Response, "status" | "body">> {
  const headers = credentials(warrant, await ownIssuer.proof(warrant, holder, call));
  for (let tries = 1; ; tries++) {
    const answer =
      over.over === undefined && PLAIN.test(target)
        ? await send(gateway, { target, headers }, agent)
        : await sendWire(gateway, { ...over, target, headers });
    const { status, body } = answer;
    if (status === 0 || (status >= 200 && status < 500)) return answer;
    assert.ok(status === 503 && tries < TRIES, `${status} for ${target}: ${body}`);
    await sleep(tries * 100);
  }
}

function assertReadAsSigned({ target }: Trial, call: Call, received: Received): void {
  for (const reading of sweepReadings(received.target))
    assert.deepEqual(reading, call, `${target}, which arrived as ${received.target}`);
  const { value = "" } = call.args;
  assert.doesNotMatch(String(value), /[^ -~]|[/\\;%?#]/, `a path of ${target}`);
}
