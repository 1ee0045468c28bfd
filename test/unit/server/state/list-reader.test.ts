import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { generateSigningKey } from "../../../../src/crypto/ed25519.ts";
import { readList } from "../../../../src/server/state/list-reader.ts";
import { countIds, hasId } from "../../../../src/warrant/packed-ids.ts";
import { parseRevocationList } from "../../../../src/warrant/revocation-list.ts";
import { signList } from "../../../support/revocation-list.ts";
import { unixNow } from "../../../support/warrants.ts";

const signer = generateSigningKey();
const terms = { signers: new Set([signer.publicKey.hex]), now: unixNow(), clockToleranceSeconds: 30 };

const randomIds = (count: number) => Array.from({ length: count }, () => randomBytes(16).toString("hex"));

test("a large list, which another thread reads, says the same as read here", async () => {
  const ids = randomIds(5_000);
  const bytes = signList(signer, { version: 2n ** 64n - 1n, ids });
  for (const content of [bytes, Buffer.from(bytes).toString("base64")]) {
    const list = await readList("list", Buffer.from(content), terms);
    assert.deepEqual(list, { ...parseRevocationList(bytes, terms), ids: list.ids });
    assert.equal(countIds(list.ids), ids.length);
    for (const id of ids) assert.ok(hasId(list.ids, id));
    assert.ok(Object.isFrozen(list));
  }
});

test("a large list that can't be used is an error that names its file and says why", async () => {
  const bytes = signList(signer, { ids: randomIds(5_000) });
  const wrong: readonly (readonly [content: string | Uint8Array, why: RegExp])[] = [
    [bytes.subarray(0, -1), /: isn't a signed revocation list in its canonical form, or it was cut$/],
    [bytes.map((byte, i) => (i === 1000 ? byte ^ 1 : byte)), /: has a signature that isn't by /],
    [signList(generateSigningKey(), { ids: randomIds(5_000) }), /: is signed by /],
    ["?".repeat(100_000), /: is neither a signed revocation list nor one in standard base64$/],
  ];
  for (const [content, why] of wrong) {
    const reading = () => readList("/the/list", Buffer.from(content), terms);
    await assert.rejects(reading, (error: Error) => error.message.startsWith("/the/list: "));
    await assert.rejects(reading, { message: why });
  }
});

test("while a large list is read, other work goes on", async (t) => {
  const content = signList(signer, { ids: randomIds(100_000) });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  await readList("list", content, terms);
  clearInterval(ticking);
  delay.disable();
  const took = performance.now() - started;
  t.diagnostic(
    `${Math.round(took)} ms for 100 000 ids, ${(delay.max / 1e6).toFixed(1)} ms at a stretch, ${turns} turns`,
  );
  assert.ok(turns > 10);
});
