import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode } from "../../../../src/cbor/decode.ts";
import { encode } from "../../../../src/cbor/encode.ts";
import type { CborMap, CborValue } from "../../../../src/cbor/value.ts";
import { generateSigningKey } from "../../../../src/crypto/ed25519.ts";
import { Evaluation } from "../../../../src/evaluation.ts";
import { finish } from "../../../../src/steps.ts";
import type { Arguments } from "../../../../src/value.ts";
import { checkApprovals, isCounted } from "../../../../src/warrant/approval/check.ts";
import { requestHash } from "../../../../src/warrant/approval/request-hash.ts";
import { parseSignedApproval } from "../../../../src/warrant/approval/signed-approval.ts";
import { parseWarrantHeader } from "../../../../src/warrant/header.ts";
import { isStack } from "../../../../src/warrant/parse.ts";
import type { Warrant } from "../../../../src/warrant/warrant.ts";
import {
  approvalPayload,
  envelope,
  type Gating,
  gateBy,
  gatingFields,
  signApproval,
  WHOLE_TOOL,
} from "../../../support/approvals.ts";
import { rawChain, rawTools } from "../../../support/raw-chain.ts";

const NOW = 1_700_000_000;
const issuer = generateSigningKey();
const manager = generateSigningKey();
const auditor = generateSigningKey();
const owner = generateSigningKey();
const args: Arguments = new Map([["amount", 5n]]);

function warrant(gating: Gating): Warrant {
  const fields = { tools: rawTools({ pay: {} }), ...gatingFields({ gates: { pay: WHOLE_TOOL }, ...gating }) };
  const stack = finish(
    parseWarrantHeader(rawChain([{ signer: issuer, holder: issuer, fields }], NOW).header),
  );
  assert.ok(isStack(stack));
  return stack[0];
}

const oneOfTwo = warrant({ approvers: [manager, auditor], min: 1 });
const both = warrant({ approvers: [manager, auditor] });
const justAnn = warrant({ approvers: [manager] });

function judge(leaf: Warrant, sent: readonly Uint8Array[], maxApprovals = 16) {
  const approvals = sent.map((bytes) => parseSignedApproval(decode(bytes)));
  const limits = { maxApprovals, clockToleranceSeconds: 30 };
  return finish(checkApprovals({ leaf, tool: "pay", args, approvals }, limits, new Evaluation(NOW)));
}

/** Who counted, or the reason to deny. */
function verdict(...asked: Parameters<typeof judge>): readonly string[] | string {
  const result = judge(...asked);
  return isCounted(result) ? result.map(({ approver }) => approver) : result.refused;
}

function sign(
  key: typeof manager,
  leaf: Warrant,
  change: Partial<Parameters<typeof signApproval>[1]> = {},
): Uint8Array {
  return signApproval(key, {
    requestHash: finish(requestHash(leaf, "pay", args)),
    approvedAt: NOW,
    ...change,
  });
}

const [annHex, bobHex] = [manager.publicKey.hex, auditor.publicKey.hex];

describe("approvals", () => {
  it("aren't looked at where no gate fires, however wrong", () => {
    const wrong = sign(owner, justAnn);
    assert.deepEqual(verdict(warrant({ gates: { other: WHOLE_TOOL }, approvers: [manager] }), [wrong]), []);
    assert.deepEqual(verdict(warrant({ gates: { pay: gateBy({}) }, approvers: [manager] }), [wrong]), []);
  });
  it("count until there are enough, whatever else is sent", () => {
    assert.deepEqual(
      verdict(oneOfTwo, [sign(owner, oneOfTwo), sign(auditor, oneOfTwo), sign(manager, oneOfTwo)]),
      [bobHex],
    );
    assert.deepEqual(verdict(both, [sign(manager, both), sign(auditor, both)]), [annHex, bobHex]);
  });
  it("tell who approved, in the approver's words", () => {
    assert.deepEqual(judge(justAnn, [sign(manager, justAnn, { externalId: "manager@example.com" })]), [
      { approver: annHex, externalId: "manager@example.com" },
    ]);
  });
  it("of one approver count once", () => {
    const result = judge(both, [sign(manager, both), sign(manager, both, { externalId: "again" })]);
    assert.ok(!isCounted(result));
    assert.equal(result.refused, "insufficient_approvals");
    assert.match(result.detail, /1 of 2 approvals count; not counted: duplicate/);
  });
  it("that don't count leave their approver free", () => {
    const late = sign(manager, both, { approvedAt: NOW - 600, expiresAt: NOW });
    assert.deepEqual(verdict(both, [late, sign(manager, both), sign(auditor, both)]), [annHex, bobHex]);
  });
  it("expire without tolerance, and may be dated up to it ahead", () => {
    assert.equal(
      verdict(justAnn, [sign(manager, justAnn, { approvedAt: NOW - 9, expiresAt: NOW })]),
      "invalid_approval",
    );
    assert.deepEqual(
      verdict(justAnn, [sign(manager, justAnn, { approvedAt: NOW - 9, expiresAt: NOW + 1 })]),
      [annHex],
    );
    assert.deepEqual(verdict(justAnn, [sign(manager, justAnn, { approvedAt: NOW + 30 })]), [annHex]);
    assert.equal(verdict(justAnn, [sign(manager, justAnn, { approvedAt: NOW + 31 })]), "invalid_approval");
  });
  it("given for another warrant, tool or argument don't count", () => {
    const others = [
      finish(requestHash(both, "pay", args)),
      finish(requestHash(justAnn, "play", args)),
      finish(requestHash(justAnn, "pay", new Map([["amount", 5]]))),
    ];
    for (const hash of others)
      assert.equal(verdict(justAnn, [sign(manager, justAnn, { requestHash: hash })]), "invalid_approval");
  });
  it("are read only in their one form", () => {
    const payload = decode(
      approvalPayload({ requestHash: finish(requestHash(justAnn, "pay", args)), approvedAt: NOW }),
    ) as CborMap;
    const having = (changes: Readonly<Record<string, CborValue>>) =>
      verdict(justAnn, [envelope(manager, encode(new Map([...payload, ...Object.entries(changes)])))]);
    assert.deepEqual(having({}), [annHex]);
    assert.deepEqual(having({ extensions: new Map([["k", [1n]]]) }), [annHex]);
    assert.deepEqual(having({ extensions: null }), [annHex]);
    const wrong: readonly Readonly<Record<string, CborValue>>[] = [
      { version: 2n },
      { note: "" },
      { nonce: new Uint8Array(15) },
      { request_hash: new Uint8Array(33) },
      { external_id: null },
      { approved_at: -1n },
      { approved_at: 1.5 },
      { expires_at: BigInt(NOW) },
      { expires_at: 2n ** 64n - 1n },
      { extensions: new Map([["k", "text"]]) },
      { extensions: [] },
    ];
    for (const [i, changes] of wrong.entries())
      assert.equal(having(changes), "invalid_approval", `case ${i}`);
  });
});

describe("too many approvals are refused before any is judged", () => {
  it("beyond twice the approvers, as the warrant lists them", () => {
    const good = sign(manager, justAnn);
    assert.deepEqual(verdict(justAnn, [good, good]), [annHex]);
    assert.equal(verdict(justAnn, [good, good, good]), "invalid_approval");
    const twice = warrant({ approvers: [manager, manager], min: 1 });
    assert.deepEqual(verdict(twice, Array(4).fill(sign(manager, twice))), [annHex]);
  });
  it("beyond max_approvals", () => {
    const one = sign(manager, oneOfTwo);
    assert.deepEqual(verdict(oneOfTwo, [one, one], 2), [annHex]);
    assert.equal(verdict(oneOfTwo, [one, one, one], 2), "invalid_approval");
  });
});

describe("a denial tells what to have signed", () => {
  const demand = (leaf: Warrant, received: number) => ({
    requestHash: Buffer.from(finish(requestHash(leaf, "pay", args))).toString("hex"),
    required: 2,
    received,
    approvers: [annHex, bobHex],
  });
  it("when none is sent, in the gate's own words", () => {
    const said = warrant({
      gates: { pay: gateBy({ amount: "all" }, " Ask finance ") },
      approvers: [manager, auditor],
    });
    for (const [leaf, message] of [
      [both, "Approval required for tool 'pay'"],
      [said, "Ask finance"],
    ] as const) {
      const result = judge(leaf, []);
      assert.ok(!isCounted(result));
      assert.equal(result.refused, "approval_required");
      assert.deepEqual(result.approval, { ...demand(leaf, 0), message });
    }
  });
  it("when too few count", () => {
    const result = judge(both, [sign(manager, both), sign(owner, both)]);
    assert.ok(!isCounted(result));
    assert.deepEqual(result, {
      refused: "insufficient_approvals",
      detail: "1 of 2 approvals count; not counted: untrusted approver",
      approval: demand(both, 1),
    });
  });
  it("but not when the one that was asked for is wrong", () => {
    const result = judge(justAnn, [sign(owner, justAnn)]);
    assert.ok(!isCounted(result));
    assert.deepEqual([result.refused, result.approval], ["invalid_approval", undefined]);
  });
  it("nor when there is nobody to ask", () => {
    for (const leaf of [warrant({}), warrant({ approvers: [] }), warrant({ min: 1 })])
      assert.equal(verdict(leaf, [sign(manager, leaf)]), "invalid_approval");
  });
});

it("gates that can't be read deny every call", () => {
  assert.equal(verdict(warrant({ gates: Buffer.of(0xff), approvers: [manager] }), []), "invalid_approval");
});
