import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { CborValue } from "../../../src/cbor/value.ts";
import { generateSigningKey } from "../../../src/crypto/ed25519.ts";
import { MAX_REVOCATION_LIST_BYTES } from "../../../src/warrant/limits.ts";
import { countIds, unpackIds } from "../../../src/warrant/packed-ids.ts";
import { revocationListBytes } from "../../../src/warrant/revocation-file.ts";
import {
  isUsable,
  mayReplace,
  parseRevocationList,
  type RevocationList,
} from "../../../src/warrant/revocation-list.ts";
import { frameList, type ListContent, rfc3339, signList } from "../../support/revocation-list.ts";

const NOW = 1_704_067_500;
const signer = generateSigningKey();
const terms = { signers: new Set([signer.publicKey.hex]), now: NOW, clockToleranceSeconds: 30 };
const ID = "018c0000000070008000000000000001";

function parse(bytes: Uint8Array): RevocationList {
  const list = parseRevocationList(bytes, terms);
  if (!isUsable(list)) assert.fail(list.unusable);
  return list;
}

function listOf(content: ListContent): RevocationList {
  return parse(signList(signer, { issuedAt: rfc3339(NOW), ...content }));
}

function whyNot(bytes: Uint8Array): string {
  const list = parseRevocationList(bytes, terms);
  return isUsable(list) ? "usable" : list.unusable;
}

function whyNotOf(content: ListContent): string {
  return whyNot(signList(signer, { issuedAt: rfc3339(NOW), ...content }));
}

const membersOf = (changes: Readonly<Record<string, CborValue>>) =>
  Object.entries({
    ...{ revoked_ids: [], version: 7n, issued_at: rfc3339(NOW), issuer: [1n, signer.publicKey.bytes] },
    ...changes,
  });

test("a list tells its version, time, signer and ids", () => {
  const list = listOf({ version: 7, ids: [`tnu_wrt_${ID}`] });
  assert.equal(list.version, 7n);
  assert.equal(list.issuedAt, NOW);
  assert.equal(list.issuer, signer.publicKey.hex);
  assert.deepEqual(unpackIds(list.ids), [ID]);
});

test("every spelling that can mean only one warrant revokes it", () => {
  const dashed = "018c0000-0000-7000-8000-000000000001";
  for (const spelled of [
    ID,
    ID.toUpperCase(),
    `TNU_WRT_${ID.toUpperCase()}`,
    dashed,
    `tnu_wrt_${dashed}`,
    ` ${ID}\n`,
  ])
    assert.deepEqual(unpackIds(listOf({ ids: [spelled] }).ids), [ID], spelled);
});

test("an entry that is no warrant id makes the list unusable, as it would revoke nothing", () => {
  for (const entry of [
    "",
    "zzz",
    ID.slice(1),
    `${ID}0`,
    `tnu_apr_${ID}`,
    `${ID.slice(0, 31)}g`,
    "018c0000-00000000700080000000000001",
  ])
    assert.match(
      whyNotOf({ ids: [`tnu_wrt_${ID}`, entry] }),
      /entry 2 of revoked_ids isn't a warrant id/,
      entry,
    );
  for (const entry of [1n, null, Buffer.from(ID), [ID]])
    assert.match(whyNotOf({ ids: [entry] }), /entry 1 of revoked_ids isn't text/);
});

test("times are in UTC, in the calendar, with the shortest fraction of 3, 6 or 9 digits", () => {
  for (const issuedAt of [
    "2024-01-01T00:05:00Z",
    "2024-01-01T00:05:00.001Z",
    "2024-01-01T00:05:00.000001Z",
    "2024-01-01T00:05:00.999000001Z",
  ])
    assert.equal(listOf({ issuedAt }).issuedAt, NOW, issuedAt);
  assert.equal(listOf({ issuedAt: "2000-02-29T23:59:59Z" }).issuedAt, 951_868_799);
  for (const issuedAt of [
    ...[
      "",
      "2024-01-01",
      "2024-01-01T00:05Z",
      "2024-01-01T00:05:00",
      "2024-01-01T00:05:00+00:00",
      "2024-01-01t00:05:00z",
    ],
    ...[
      "2024-01-01 00:05:00Z",
      "2024-01-01T00:05:00.1Z",
      "2024-01-01T00:05:00.000Z",
      "2024-01-01T00:05:00.123000Z",
    ],
    ...[
      "2023-02-29T00:00:00Z",
      "2024-02-30T00:00:00Z",
      "2024-13-01T00:00:00Z",
      "2024-01-01T24:00:00Z",
      "2016-12-31T23:59:60Z",
    ],
    ...["+02024-01-01T00:05:00Z", "2024-01-01T00:05:00Z\n", "２０24-01-01T00:05:00Z"],
  ])
    assert.match(whyNotOf({ issuedAt }), /issued_at isn't a time/, issuedAt);
});

test("a list of the future is unusable, but for the clock tolerance", () => {
  assert.equal(listOf({ issuedAt: rfc3339(NOW + 30) }).issuedAt, NOW + 30);
  assert.match(whyNotOf({ issuedAt: rfc3339(NOW + 31) }), /signed in the future.*check the clocks/);
});

test("the whole range of a u64 is a version", () => {
  for (const version of [0n, 2n ** 53n + 1n, 2n ** 64n - 1n])
    assert.equal(listOf({ version }).version, version);
  assert.match(whyNot(frameList(signer, membersOf({ version: -1n }))), /version isn't an unsigned integer/);
  assert.match(whyNot(frameList(signer, membersOf({ version: 1 }))), /version isn't an unsigned integer/);
});

test("only a key that is listed may sign", () => {
  const other = generateSigningKey();
  const why = whyNot(signList(other));
  assert.match(why, /may be signed by [0-9a-f]{64}$/);
  assert.ok(why.includes(other.publicKey.hex));
  const forged = frameList(other, membersOf({}));
  assert.match(whyNot(forged), /has a signature that isn't by/);
});

test("a payload with other members, or in another order, is unusable though it was signed", () => {
  const members = membersOf({});
  const issuer = members.at(-1) as (typeof members)[number];
  const wrong = [
    membersOf({ x: 1n }),
    [["x", 1n] as const, ...members],
    members.slice(1),
    [...members.slice(1, 3), ...members.slice(0, 1), issuer],
    [issuer],
    [...members.slice(0, 2), ["issued_at,issuer", ""] as const, issuer],
  ];
  for (const each of wrong) {
    const why = whyNot(frameList(signer, each));
    assert.match(why, /members revoked_ids, version, issued_at, issuer in this order|canonical form/);
  }
});

test("an issuer that only looks like one at the end of the bytes is unusable", () => {
  const disguised = Buffer.concat([
    Buffer.from("\x66issuer\x82\x01\x58\x20", "latin1"),
    signer.publicKey.bytes,
  ]);
  assert.match(whyNot(frameList(signer, membersOf({ issuer: disguised }))), /issuer isn't an array/);
  assert.match(whyNot(frameList(signer, membersOf({ x: disguised }))), /doesn't have the members/);
});

test("what follows the list, or is missing from it, makes it unusable", () => {
  const list = signList(signer, { issuedAt: rfc3339(NOW), ids: [`tnu_wrt_${ID}`] });
  assert.match(whyNot(Buffer.concat([list, Buffer.of(0)])), /canonical form, or it was cut/);
  for (let length = 0; length < list.length; length++)
    assert.notEqual(whyNot(list.subarray(0, length)), "usable");
});

test("every flipped bit of a list makes it unusable", () => {
  const list = signList(signer, { issuedAt: rfc3339(NOW), ids: [`tnu_wrt_${ID}`, ID], version: 300 });
  assert.equal(whyNot(list), "usable");
  for (let bit = 0; bit < list.length * 8; bit++) {
    const flipped = Uint8Array.from(list);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.notEqual(whyNot(flipped), "usable", `bit ${bit}`);
  }
});

test("no bytes make reading throw, signed or not", () => {
  const any = fc.uint8Array({ maxLength: 400 });
  fc.assert(fc.property(any, (bytes) => void parseRevocationList(bytes, terms)));
  fc.assert(fc.property(any, (bytes) => void revocationListBytes(bytes)));
  const value: fc.Arbitrary<CborValue> = fc.oneof(
    fc.string(),
    fc.constant(null),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.array(fc.string()),
    fc.double(),
    any,
  );
  const changes = fc.dictionary(fc.constantFrom("revoked_ids", "version", "issued_at", "issuer"), value);
  const unusable = (members: Readonly<Record<string, CborValue>>) =>
    assert.equal(typeof parseRevocationList(frameList(signer, membersOf(members)), terms), "object");
  fc.assert(fc.property(changes, unusable));
});

test("a list that is too large is refused by its length alone", () => {
  const why = whyNot(new Uint8Array(MAX_REVOCATION_LIST_BYTES + 1));
  assert.equal(why, `is larger than ${MAX_REVOCATION_LIST_BYTES} bytes`);
});

test("100 000 ids are read in a moment", () => {
  const ids = Array.from({ length: 100_000 }, () => `tnu_wrt_${randomBytes(16).toString("hex")}`);
  const list = signList(signer, { ids, issuedAt: rfc3339(NOW) });
  const started = performance.now();
  assert.equal(countIds(parse(list).ids), ids.length);
  assert.ok(performance.now() - started < 3_000);
});

test("the content hash is the reference's: version, then each id in order with a zero byte", () => {
  const [first, second] = [`tnu_wrt_${"0".repeat(31)}1`, `tnu_wrt_${ID}`];
  const preimage = Buffer.concat([Buffer.of(0, 0, 0, 0, 0, 0, 1, 2), Buffer.from(`${first}\0${second}\0`)]);
  const expected = createHash("sha256").update(preimage).digest("hex");
  assert.equal(listOf({ version: 258, ids: [second, first, second] }).contentHash, expected);
});

test("a list may come after one with a lower version, or after itself", () => {
  const seven = listOf({ version: 7, ids: [ID] });
  assert.ok(mayReplace(seven, listOf({ version: 8 })));
  assert.ok(
    mayReplace(seven, listOf({ version: 7, ids: [ID.toUpperCase(), ID], issuedAt: rfc3339(NOW - 9) })),
  );
  assert.ok(!mayReplace(seven, listOf({ version: 7 })));
  assert.ok(!mayReplace(seven, listOf({ version: 6, ids: [ID] })));
});

test("a file holds the bytes, or their base64, whole or in lines", () => {
  const list = Buffer.from(signList(signer, { ids: [ID] }));
  const base64 = list.toString("base64");
  const lines = base64.replace(/.{76}/g, "$&\n");
  for (const content of [
    list,
    base64,
    `${base64}\n`,
    ` \t${base64}\r\n`,
    lines,
    lines.replaceAll("\n", "\r\n  "),
  ])
    assert.deepEqual(revocationListBytes(Buffer.from(content))?.toString(), list.toString());
  const bad = [
    "",
    "\n",
    base64.slice(0, -1),
    `${base64}=`,
    base64.slice(1),
    `${base64}!`,
    "{}",
    "\ufeffAAAA",
  ];
  for (const content of bad)
    assert.equal(revocationListBytes(Buffer.from(content)), undefined, content.slice(0, 9));
});
