import assert from "node:assert/strict";
import { encode } from "../../../src/cbor/encode.ts";
import { type CborMap, isArray } from "../../../src/cbor/value.ts";
import { signMessage } from "../../../src/crypto/ed25519.ts";
import { countIds, hasId } from "../../../src/warrant/packed-ids.ts";
import { revocationListBytes } from "../../../src/warrant/revocation-file.ts";
import { isUsable, parseRevocationList } from "../../../src/warrant/revocation-list.ts";
import { revocationListMessage } from "../../../src/warrant/signed-message.ts";
import { readVectors } from "../../conformance/vectors.ts";
import { rfc3339, signList } from "../../support/revocation-list.ts";
import { keyOf, NOW } from "../fixture.ts";
import { decoded, UNSIGNED } from "../forge.ts";
import { mutateBytes } from "../mutate.ts";
import { forged, outcome, type Target } from "../target.ts";

const ID = "tnu_wrt_018c0000000000000000000000000001";
const UUID = "018c0000-0000-0000-0000-000000000002";
const SIGNER = keyOf(0);
const TERMS = { signers: new Set([SIGNER.publicKey.hex]), now: NOW, clockToleranceSeconds: 30 };
/** Head of the signature, which ends a list; what is signed stands between it and the head of the payload. */
const TAIL = Buffer.concat([encode("signature"), Buffer.from([0x82, 0x01, 0x58, 0x40])]);
const HEAD_BYTES = 1 + "\x67payload".length;

/** A file with a signed revocation list, in bytes or in Base64. Zeros for a signature are replaced by one that holds. */
export const revocationList: Target = {
  name: "revocation-list",
  maxBytes: 65_536,
  seeds: () => {
    const issuedAt = rfc3339(NOW);
    const lists = [
      [],
      [ID],
      [ID, UUID, ID.toUpperCase()],
      Array.from({ length: 300 }, (_, i) => ID.slice(0, -3) + (100 + i)),
    ];
    const own = lists.map((ids, i) => signList(SIGNER, { ids, version: i + 1, issuedAt }));
    const unsigned = own.map((list) => Buffer.concat([list.subarray(0, -UNSIGNED.length), UNSIGNED]));
    const published = readVectors<{
      readonly vectors: readonly { readonly inputs?: { readonly srl_base64?: string } }[];
    }>("revocation");
    const texts = [
      ...own.map((list) => Buffer.from(list).toString("base64")),
      ...published.vectors.flatMap(({ inputs }) => inputs?.srl_base64 ?? []),
    ];
    return [...own, ...unsigned, ...texts.map((text) => Buffer.from(text))];
  },
  mutate: (input, random, other) =>
    mutateBytes(input, random, other, [
      ID,
      UUID,
      "tnu_wrt_",
      "\x78\x28",
      "\x98\x40",
      "\x80",
      "Z",
      ".000Z",
      "+00:00",
      "\n",
      "=",
      " ",
    ]),
  run: (input) => {
    const bytes = revocationListBytes(forged(() => signed(input)));
    if (bytes === undefined) return outcome("neither bytes nor text");
    const list = parseRevocationList(bytes, TERMS);
    if (!isUsable(list)) return outcome(list.unusable);
    return outcome("usable", () => {
      const payload = bytes.subarray(HEAD_BYTES, bytes.length - UNSIGNED.length - TAIL.length);
      const signature = signMessage(SIGNER, revocationListMessage(payload));
      assert.deepEqual(
        Buffer.from(bytes.subarray(-UNSIGNED.length)),
        Buffer.from(signature),
        "usable without a signature",
      );
      const members = decoded(payload) as CborMap;
      const ids = members.get("revoked_ids");
      assert.ok(isArray(ids));
      for (const id of ids) {
        const digits = String(id).trim().toLowerCase().replace("tnu_wrt_", "").replaceAll("-", "");
        assert.ok(hasId(list.ids, digits), `${id} isn't revoked`);
      }
      assert.ok(countIds(list.ids) <= ids.length);
      assert.equal(list.version, members.get("version"));
      assert.ok(list.issuedAt <= NOW + TERMS.clockToleranceSeconds);
    });
  },
};

function signed(input: Uint8Array): Uint8Array {
  const end = input.length - UNSIGNED.length;
  if (end < HEAD_BYTES + TAIL.length || Buffer.compare(input.subarray(end), UNSIGNED) !== 0) return input;
  const payload = input.subarray(HEAD_BYTES, end - TAIL.length);
  return Buffer.concat([input.subarray(0, end), signMessage(SIGNER, revocationListMessage(payload))]);
}
