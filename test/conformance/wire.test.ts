import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { finish } from "../../src/steps.ts";
import { checkSignature } from "../../src/warrant/chain.ts";
import { encodeStack } from "../../src/warrant/mint.ts";
import { isStack, parseStack } from "../../src/warrant/parse.ts";
import { leafOf, type Stack, warrantIdText } from "../../src/warrant/warrant.ts";
import { readVectors } from "./vectors.ts";

interface WireVector {
  readonly name: string;
  readonly bytes: { readonly base64url: string } | { readonly gzip_base64: string; readonly length: number };
  readonly want: "accept" | "reject";
  readonly why: string;
  readonly expected: { readonly decoded?: Decoded };
}

interface Decoded {
  /** Absent where the case lists the warrants of a stack. */
  readonly id?: string;
  readonly type: number;
  readonly tools: readonly string[];
  readonly holder: string;
  readonly issuer: string;
  readonly issued_at: number;
  readonly expires_at: number;
  readonly max_depth: number;
  readonly depth: number;
  readonly parent_hash: string | null;
  readonly clearance: number | null;
  readonly min_approvals: number | null;
  readonly issuable_tools: readonly string[] | null;
  readonly max_issue_depth: number | null;
  readonly payload_sha256: string;
  readonly signature: string;
}

const { vectors } = readVectors<{ vectors: readonly WireVector[] }>("wire");

test("every input of wire.json is accepted or rejected as it should be", async (t) => {
  for (const vector of vectors) {
    await t.test(`${vector.name}: ${vector.want}, ${vector.why}`, () => {
      const bytes = bytesOf(vector);
      const parsed = finish(parseStack(bytes));
      const fault = isStack(parsed)
        ? parsed.map((warrant) => finish(checkSignature(warrant))).find((refusal) => refusal !== undefined)
        : parsed;
      assert.equal(fault === undefined ? "accept" : "reject", vector.want, fault?.detail);
      if (fault !== undefined) return assert.equal(fault.refused, "invalid_warrant");
      checkDecoded(parsed as Stack, vector.expected.decoded);
      assert.deepEqual(Buffer.from(encodeStack(parsed as Stack)), unwrapped(parsed as Stack, bytes));
    });
  }
});

test("the file is complete", () => assert.equal(vectors.length, 316));

function bytesOf({ bytes }: WireVector): Buffer {
  if ("base64url" in bytes) return Buffer.from(bytes.base64url, "base64url");
  const inflated = gunzipSync(Buffer.from(bytes.gzip_base64, "base64"));
  assert.equal(inflated.length, bytes.length);
  return inflated;
}

/** A stack of one is written back without the array around it. */
function unwrapped(stack: Stack, bytes: Buffer): Buffer {
  return stack.length === 1 && bytes[0] === 0x81 ? Buffer.from(bytes.subarray(1)) : bytes;
}

function checkDecoded(stack: Stack, decoded: Decoded | undefined): void {
  if (decoded?.id === undefined) return;
  const warrant = leafOf(stack);
  assert.deepEqual(
    {
      id: warrantIdText(warrant),
      type: warrant.type === "execution" ? 0 : 1,
      tools: [...warrant.tools.keys()].sort(),
      holder: warrant.holder.hex,
      issuer: warrant.issuer.hex,
      issued_at: warrant.issuedAt,
      expires_at: warrant.expiresAt,
      max_depth: warrant.maxDepth,
      depth: warrant.depth,
      parent_hash: warrant.parentHash === undefined ? null : hex(warrant.parentHash),
      clearance: warrant.clearance ?? null,
      min_approvals: warrant.minApprovals ?? null,
      issuable_tools: warrant.type === "issuer" ? warrant.issuableTools : null,
      max_issue_depth: warrant.maxIssueDepth ?? null,
      payload_sha256: hex(warrant.payloadHash),
      signature: hex(warrant.signature),
    },
    {
      id: decoded.id,
      type: decoded.type,
      tools: [...decoded.tools].sort(),
      holder: decoded.holder,
      issuer: decoded.issuer,
      issued_at: decoded.issued_at,
      expires_at: decoded.expires_at,
      max_depth: decoded.max_depth,
      depth: decoded.depth,
      parent_hash: decoded.parent_hash,
      clearance: decoded.clearance,
      min_approvals: decoded.min_approvals,
      issuable_tools: decoded.issuable_tools,
      max_issue_depth: decoded.max_issue_depth,
      payload_sha256: decoded.payload_sha256,
      signature: decoded.signature,
    },
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
