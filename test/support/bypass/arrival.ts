import assert from "node:assert/strict";
import type { HeaderLines } from "../client.ts";
import type { Received } from "../upstream.ts";
import type { Call } from "../warrants.ts";
import type { Cast } from "./cast.ts";
import { readings } from "./readers.ts";

const FORGED = "forged";

/** Every header that speaks for the service, with what it would never say. */
export const forgedResults: HeaderLines = [
  "warrant-id",
  "tool",
  "holder",
  "root",
  "chain-depth",
  "request-id",
  "warning",
  "deny-reason",
].map((name) => [`x-tenuo-${name}`, FORGED] as const);

/** Fails unless every upstream, however it reads, takes what arrived for the call that was signed. */
export function assertArrivedAsSigned(received: Received, call: Call, { holder, root }: Cast): void {
  for (const [by, reading] of readings(received)) assert.deepEqual(reading, call, `read ${by}`);
  const results: Record<string, string[]> = {};
  for (const [line, value] of received.headers) {
    const name = line.toLowerCase().replaceAll(/[_.]/g, "-");
    if (name.startsWith("x-tenuo-")) results[name] = [...(results[name] ?? []), value];
    assert.ok(!value.includes(FORGED), `${line}: ${value}`);
  }
  assert.deepEqual(results["x-tenuo-tool"], [call.tool]);
  assert.deepEqual(results["x-tenuo-holder"], [holder.publicKey.hex]);
  assert.deepEqual(results["x-tenuo-root"], [root.publicKey.hex]);
  assert.deepEqual(results["x-tenuo-chain-depth"], ["0"]);
  assert.equal(results["x-tenuo-request-id"]?.length, 1);
  assert.match(results["x-tenuo-warrant-id"]?.join() ?? "", /^tnu_wrt_[0-9a-f]+$/);
  assert.equal(results["x-tenuo-warning"], undefined);
  assert.equal(results["x-tenuo-deny-reason"], undefined);
}

/** Fails where a refusal tells a stranger more than its reason. */
export function assertTellsOnlyReason(body: string, reason: string): void {
  const told = JSON.parse(body);
  assert.equal(told.reason, reason);
  for (const name of ["detail", "value"]) assert.ok(!(name in told), `${name} in ${body}`);
}
