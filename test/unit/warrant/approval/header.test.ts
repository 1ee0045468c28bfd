import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encode } from "../../../../src/cbor/encode.ts";
import type { CborValue } from "../../../../src/cbor/value.ts";
import { generateSigningKey } from "../../../../src/crypto/ed25519.ts";
import { isApprovals, parseApprovalsHeader } from "../../../../src/warrant/approval/header.ts";
import { approvalsHeader, record, signApproval } from "../../../support/approvals.ts";

const key = generateSigningKey();
const approval = signApproval(key, { requestHash: new Uint8Array(32), externalId: "?>" });

function read(bytes: Uint8Array | string): number | string {
  const parsed = parseApprovalsHeader(
    typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("base64url"),
  );
  return isApprovals(parsed) ? parsed.length : parsed.refused;
}

describe("an approvals header", () => {
  it("has none where it is absent, empty or an empty array", () => {
    assert.deepEqual(parseApprovalsHeader(undefined), []);
    assert.equal(read(""), 0);
    assert.equal(read(approvalsHeader([])), 0);
  });
  it("holds an array, or one approval without an array", () => {
    assert.equal(read(approvalsHeader([approval, approval])), 2);
    assert.equal(read(approval), 1);
  });
  it("is base64url without padding or standard base64 with it", () => {
    for (let length = 0; length < 3; length++) {
      const padded = signApproval(key, { requestHash: new Uint8Array(32), externalId: "?".repeat(length) });
      assert.equal(read(Buffer.from(padded).toString("base64")), 1);
      assert.equal(read(Buffer.from(padded).toString("base64url")), 1);
    }
  });

  const members = {
    approval_version: 1n,
    payload: new Uint8Array(0),
    approver_key: [1n, key.publicKey.bytes],
    signature: [1n, new Uint8Array(64)],
  };
  const { signature: _, ...unsigned } = members;
  it("is read with bytes for a payload, or a list of them", () => {
    assert.equal(read(encode(record(members))), 1);
    assert.equal(read(encode(record({ ...members, payload: [0xa0n] }))), 1);
  });

  const unreadable: readonly (readonly [name: string, header: string | Uint8Array])[] = [
    ["text that isn't base64", "%%%"],
    ["base64url with padding", `${Buffer.from(approval).toString("base64url")}=`],
    ["two values joined by a comma", `${approvalsHeader([approval])},${approvalsHeader([approval])}`],
    ["bytes after the approvals", Buffer.concat([approval, Buffer.of(0)])],
    ["an array of indefinite length", Buffer.concat([Buffer.of(0x9f), approval, Buffer.of(0xff)])],
    ["more than 65,536 bytes", Buffer.alloc(65_537)],
    ["a text", encode("approved")],
    ["an array in an array", encode([[record(members)]])],
    ["an unknown member", encode(record({ ...members, note: "" }))],
    ["no signature", encode(record(unsigned))],
    [
      "another algorithm for the key",
      encode(record({ ...members, approver_key: [2n, key.publicKey.bytes] })),
    ],
    ["a key of small order", encode(record({ ...members, approver_key: [1n, new Uint8Array(32)] }))],
    ["a short signature", encode(record({ ...members, signature: [1n, new Uint8Array(63)] }))],
    ["a negative version", encode(record({ ...members, approval_version: -1n }))],
    ["a text for a payload", encode(record({ ...members, payload: "" as CborValue }))],
  ];
  for (const [name, header] of unreadable) {
    it(`can't be read with ${name}`, () => assert.equal(read(header), "invalid_approval"));
  }

  it("is read or refused, whatever the bytes: nothing is thrown", () => {
    const refusedOrRead = (bytes: Uint8Array) => assert.ok([0, "invalid_approval"].includes(read(bytes)));
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), refusedOrRead));
  });
});
