import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWERS, CHAIN_FAULT_CODES, RPC_CODES } from "../../../src/decision/reason.ts";

type Row = readonly [status: number, error: string, code?: number];

/** The table of verdicts as it is promised (contract §6), word for word; more than is there yet. */
const PROMISED: Readonly<Record<string, Row>> = {
  missing_warrant: [401, "missing-warrant"],
  invalid_warrant: [401, "invalid-warrant", 1200],
  untrusted_root: [401, "untrusted-root", 1406],
  chain_invalid: [401, "chain-broken", 1405],
  warrant_expired: [401, "warrant-expired", 1300],
  warrant_not_yet_valid: [401, "issued-in-future", 1302],
  warrant_revoked: [401, "warrant-revoked", 1800],
  missing_pop: [401, "missing-pop", 1600],
  invalid_pop: [401, "signature-invalid", 1100],
  pop_expired: [401, "pop-expired", 1601],
  pop_replayed: [401, "pop-replayed", 1602],
  wrong_warrant_type: [403, "invalid-payload-structure", 1201],
  tool_not_in_warrant: [403, "tool-not-authorized", 1500],
  constraint_violation: [403, "constraint-violation", 1501],
  unknown_constraint: [403, "unknown-constraint-type", 1504],
  insufficient_clearance: [403, "tool-not-authorized", 1500],
  approval_required: [403, "approval-required", 1707],
  insufficient_approvals: [403, "insufficient-approvals", 1700],
  invalid_approval: [403, "approval-invalid", 1701],
  extraction_failed: [400, "extraction-failed"],
  ambiguous_request: [400, "ambiguous-request"],
  body_unreadable: [400, "body-unreadable"],
  request_too_large: [413, "request-too-large"],
  no_route: [404, "no-route"],
  revocation_unavailable: [503, "revocation-unavailable"],
  replay_store_unavailable: [503, "replay-store-unavailable"],
  overloaded: [503, "overloaded"],
  internal: [503, "internal"],
};

test("every reason has the status, the name and the code that were promised", () => {
  for (const [reason, { status, error, code }] of Object.entries(ANSWERS)) {
    const answer = code === undefined ? [status, error] : [status, error, code];
    assert.deepEqual(answer, PROMISED[reason], reason);
  }
});

test("each fault of a chain has its code", () => {
  assert.deepEqual(CHAIN_FAULT_CODES, {
    "chain-broken": 1405,
    "invalid-attenuation": 1502,
    "capability-expansion": 1503,
    "invalid-issuer": 1400,
  });
});

test("each HTTP status has its code of google.rpc", () => {
  assert.deepEqual(RPC_CODES, { 400: 3, 401: 16, 403: 7, 404: 5, 413: 7, 503: 14 });
});

test("a message is one sentence without a stop, and no two reasons share one", () => {
  const messages = Object.values(ANSWERS).map(({ message }) => message);
  for (const message of messages) assert.match(message, /^[A-Z][\x20-\x7e]*[^.]$/);
  assert.equal(new Set(messages).size, messages.length);
});
