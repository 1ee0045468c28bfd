import assert from "node:assert/strict";
import { createHash, sign } from "node:crypto";
import { test } from "node:test";
import { hashes, verify as nobleVerify, Point } from "@noble/ed25519";
import fc from "fast-check";
import {
  generateSigningKey,
  isOnCurve,
  publicKeyFromBytes,
  publicKeyFromHex,
  seedOf,
  signingKeyFromSeed,
  signMessage,
  VERIFIERS,
  verifySignature,
} from "../../../src/crypto/ed25519.ts";
import { missing } from "../../support/missing.ts";

hashes.sha512 = (message) => new Uint8Array(createHash("sha512").update(message).digest());

const hex = (text: string) => Buffer.from(text, "hex");
const message = Buffer.from("message");
/** Order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

test("RFC 8032 §7.1 test 3 holds", () => {
  const key = signingKeyFromSeed(hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"));
  assert.equal(key.publicKey.hex, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const signature = signMessage(key, hex("af82"));
  assert.equal(
    Buffer.from(signature).toString("hex"),
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  );
  assert.ok(verifySignature(key.publicKey, hex("af82"), signature));
});

test("all eight points of small order are refused as keys, in every spelling", () => {
  const order8 = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  const points = Array.from({ length: 8 }, (_, i) =>
    i === 0 ? Point.ZERO : order8.multiply(BigInt(i), false),
  );
  const spellings = new Set(points.flatMap((point) => [point.toHex(), withSign(point.toHex())]));
  // y = p and y = p + 1 are second spellings of 0 and 1.
  for (const low of ["ed", "ee"]) {
    const twin = `${low}${"ff".repeat(30)}7f`;
    spellings.add(twin).add(withSign(twin));
  }
  assert.ok(spellings.size >= 14);
  for (const spelling of spellings) assert.equal(publicKeyFromBytes(hex(spelling)), undefined, spelling);
});

test("a y at or above the field prime is refused, the one below is not", () => {
  for (let low = 0xed; low <= 0xff; low++) {
    assert.equal(publicKeyFromBytes(hex(`${low.toString(16)}${"ff".repeat(30)}7f`)), undefined);
  }
  assert.ok(publicKeyFromBytes(hex(`eb${"ff".repeat(30)}7f`)) !== undefined);
});

test("a signature with an R of small order is refused, although its equation holds", () => {
  const key = generateSigningKey();
  const digest = (...parts: Uint8Array[]) => createHash("sha512").update(Buffer.concat(parts)).digest();
  const toNumber = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
  // RFC 8032 §5.1.6 with r = 0: R is the neutral element, and s is k times the secret scalar.
  const secret = digest(seedOf(key)).subarray(0, 32);
  secret[0] = (secret[0] as number) & 0xf8;
  secret[31] = ((secret[31] as number) & 0x7f) | 0x40;
  const R = hex(`01${"00".repeat(31)}`);
  const k = toNumber(digest(R, key.publicKey.bytes, message)) % L;
  const s = hex(((k * toNumber(secret)) % L).toString(16).padStart(64, "0")).reverse();
  const forged = Buffer.concat([R, s]);
  assert.ok(nobleVerify(forged, message, key.publicKey.bytes, { zip215: true }), "the equation holds");
  assert.equal(verifySignature(key.publicKey, message, forged), false);
});

test("s + L is refused: a signature has one spelling", () => {
  const key = generateSigningKey();
  const signature = Buffer.from(signMessage(key, message));
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + L;
  const twin = Buffer.concat([signature.subarray(0, 32), hex(s.toString(16).padStart(64, "0")).reverse()]);
  assert.ok(verifySignature(key.publicKey, message, signature));
  assert.equal(verifySignature(key.publicKey, message, twin), false);
});

test("a second library agrees on good signatures and on every flipped byte", () => {
  const key = generateSigningKey();
  const signature = Uint8Array.from(signMessage(key, message));
  for (let i = -1; i < signature.length; i++) {
    const changed = Uint8Array.from(signature);
    if (i >= 0) changed[i] = (changed[i] as number) ^ 0x40;
    const ours = verifySignature(key.publicKey, message, changed);
    let theirs = false;
    try {
      theirs = nobleVerify(changed, message, Uint8Array.from(key.publicKey.bytes), { zip215: false });
    } catch {}
    assert.equal(ours, theirs, `byte ${i}`);
    assert.equal(ours, i === -1);
  }
});

test("whatever isn't 32 or 64 bytes is refused without an exception", () => {
  const key = generateSigningKey();
  for (const length of [0, 1, 31, 33, 64, 1000]) {
    assert.equal(publicKeyFromBytes(new Uint8Array(length)), undefined);
  }
  for (const length of [0, 1, 63, 65])
    assert.equal(verifySignature(key.publicKey, message, new Uint8Array(length)), false);
});

test("a configured key has to be hex and on the curve", () => {
  const { publicKey } = generateSigningKey();
  assert.equal(publicKeyFromHex(publicKey.hex.toUpperCase())?.hex, publicKey.hex);
  for (const bad of ["", "zz", `0x${publicKey.hex}`, publicKey.hex.slice(2), ` ${publicKey.hex}`]) {
    assert.equal(publicKeyFromHex(bad), undefined);
  }
  const offCurve = publicKeyFromBytes(hex(`02${"00".repeat(31)}`));
  assert.ok(offCurve !== undefined && !isOnCurve(offCurve));
  assert.equal(publicKeyFromHex(offCurve.hex), undefined);
  assert.equal(
    verifySignature(offCurve, message, sign(null, message, generateSigningKey().privateKey)),
    false,
  );
});

test("a seed gives the key it came from", () => {
  const key = generateSigningKey();
  assert.equal(signingKeyFromSeed(seedOf(key)).publicKey.hex, key.publicKey.hex);
  assert.throws(() => signingKeyFromSeed(new Uint8Array(31)), RangeError);
});

/** The same y with the sign bit of x turned. */
function withSign(spelling: string): string {
  const bytes = hex(spelling);
  bytes[31] = (bytes[31] as number) ^ 0x80;
  return bytes.toString("hex");
}

test("both libraries say the same of signatures that were changed, and of keys that were", (t) => {
  const { sodium, openssl } = VERIFIERS;
  if (sodium === undefined)
    return t.skip(missing("libsodium", "no build of sodium-native for this platform") || "");
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const change = fc.record({
    in: fc.constantFrom("key", "R", "s", "message", "none"),
    at: fc.nat(31),
    by: fc.integer({ min: 1, max: 255 }),
  });
  const seen = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(
      bytes(32),
      fc.uint8Array({ maxLength: 80 }),
      change,
      fc.bigInt(0n, 8n),
      (seed, text, changed, times) => {
        const signing = signingKeyFromSeed(seed);
        const signature = Buffer.from(signMessage(signing, text));
        const key = Buffer.from(signing.publicKey.bytes);
        const told = Buffer.from(text);
        if (changed.in === "key") key[changed.at] = (key[changed.at] as number) ^ changed.by;
        if (changed.in === "R") signature[changed.at] = (signature[changed.at] as number) ^ changed.by;
        if (changed.in === "s")
          signature.set(littleEndian(fromLittleEndian(signature.subarray(32)) + times * L), 32);
        if (changed.in === "message" && told.length > 0)
          told[changed.at % told.length] = (told[changed.at % told.length] as number) ^ changed.by;
        const read = publicKeyFromBytes(key);
        if (read === undefined) return;
        const verdict = openssl(read, told, signature);
        assert.equal(sodium(read, told, signature), verdict);
        seen[verdict === true ? "valid" : "invalid"]++;
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(seen.valid > 50 && seen.invalid > 50, JSON.stringify(seen));
});

test("both libraries judge a key with a part of small order alike", (t) => {
  const { sodium, openssl } = VERIFIERS;
  if (sodium === undefined)
    return t.skip(missing("libsodium", "no build of sodium-native for this platform") || "");
  const order8 = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  for (let i = 1; i < 8; i++) {
    const secret = BigInt(i) * 7n + 11n;
    const A = Point.BASE.multiply(secret).add(order8.multiply(BigInt(i), false));
    const key = publicKeyFromBytes(A.toBytes());
    assert.ok(key !== undefined);
    for (let n = 0; n < 16; n++) {
      const told = Buffer.from(`message ${n}`);
      const R = Point.BASE.multiply(BigInt(n) + 5n);
      const k =
        fromLittleEndian(createHash("sha512").update(R.toBytes()).update(key.bytes).update(told).digest()) %
        L;
      const signature = Buffer.concat([R.toBytes(), littleEndian((BigInt(n) + 5n + k * secret) % L)]);
      // Without a cofactor it holds only where k is a multiple of the order of the part.
      assert.equal(sodium(key, told, signature), openssl(key, told, signature), `${i} ${n}`);
    }
  }
});

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function littleEndian(number: bigint): Buffer {
  return Buffer.from(BigInt.asUintN(256, number).toString(16).padStart(64, "0"), "hex").reverse();
}
