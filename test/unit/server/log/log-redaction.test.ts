import assert from "node:assert/strict";
import { before, describe, it, test } from "node:test";
import { authorize } from "../../../../src/decision/authorize.ts";
import type { Decision } from "../../../../src/decision/decision.ts";
import { ANSWERS } from "../../../../src/decision/reason.ts";
import { REDACTABLE, type Redactable } from "../../../../src/gateway/schema.ts";
import { readCheckRequest } from "../../../../src/server/check/check-request.ts";
import { internalFault } from "../../../../src/server/check/check-response.ts";
import { DECISION_FIELDS, type DecisionLine } from "../../../../src/server/log/log-fields.ts";
import { decisionLine } from "../../../../src/server/log/log-line.ts";
import { redact } from "../../../../src/server/log/log-redaction.ts";
import type { Outcome } from "../../../../src/server/outcome.ts";
import type { Snapshot } from "../../../../src/server/state/snapshot.ts";
import { finish } from "../../../../src/steps.ts";
import { serializeAttributes } from "../../../support/check-request.ts";
import { everyReason, MARKS, type ReasonCase } from "../../../support/every-reason.ts";
import { snapshotOf } from "../../../support/service.ts";
import { unixNow } from "../../../support/warrants.ts";

const { cases, gatewayYaml } = everyReason();
const snapshots = new Map<string, Snapshot>();

async function prepare(fields: readonly Redactable[]): Promise<void> {
  const settings = fields.length === 0 ? "" : `, log: {redact: [${fields.join(", ")}]}`;
  snapshots.set(fields.join(), await snapshotOf(gatewayYaml(settings)));
}

/** The line of a case, as the service would log it. */
function lineOf(each: ReasonCase, fields: readonly Redactable[]): DecisionLine {
  const loaded = snapshots.get(fields.join()) as Snapshot;
  const snapshot = each.change?.(loaded) ?? loaded;
  const source = { address: { socketAddress: { address: MARKS.client } } };
  const question = readCheckRequest(serializeAttributes({ source, request: { http: each.http } }));
  if ("refused" in question) throw new Error(question.detail);
  const { request, caller } = question;
  const decision = decide(each, snapshot, request);
  assert.equal(decision.allow ? undefined : decision.reason, each.reason, each.name);
  const facts = { requestId: "req_1", parent: undefined, traceId: undefined, receivedAt: 0, answeredAt: 1 };
  const outcome: Outcome = { decision, request, caller, ...facts };
  const line = decisionLine(outcome);
  redact(line, outcome, snapshot.policy.gateway);
  return line;
}

function decide(
  { reason }: ReasonCase,
  { policy }: Snapshot,
  request: Parameters<typeof authorize>[2],
): Decision {
  if (reason === "internal") return internalFault("enforce");
  if (reason === "overloaded") return { allow: false, reason, mode: "enforce", detail: "too many" };
  return finish(authorize(policy, unixNow(), request));
}

/** The marks that a line without the field may not hold anywhere. */
const HIDDEN: Readonly<Record<Redactable, readonly string[]>> = {
  actual: [MARKS.path, MARKS.query, MARKS.header, MARKS.body, MARKS.member],
  agent_id: [MARKS.agent],
  client: [MARKS.client],
  detail: [],
  expected: [MARKS.wanted],
  external_id: [MARKS.approver],
  holder: [],
  host: [MARKS.host],
  path: [MARKS.path],
  request_hash: [],
  session_id: [MARKS.session],
};

before(async () => {
  await Promise.all([[], REDACTABLE, ...REDACTABLE.map((field) => [field])].map((each) => prepare(each)));
});

test("the cases are of every reason, and their lines hold every mark and every field of a denial", () => {
  const reasons = new Set(cases.flatMap(({ reason }) => reason ?? []));
  assert.deepEqual([...reasons].sort(), Object.keys(ANSWERS).sort());
  const lines = cases.map((each) => lineOf(each, []));
  const all = JSON.stringify(lines);
  for (const mark of Object.values(MARKS)) {
    // Who approved is told of allows only; a test of its own has one.
    if (mark !== MARKS.approver) assert.ok(all.includes(mark), mark);
  }
  const told = new Set(lines.flatMap((line) => Object.keys(JSON.parse(JSON.stringify(line)))));
  const untold = Object.keys(DECISION_FIELDS).filter((field) => !told.has(field));
  assert.deepEqual(untold, ["level", "time", "approvals", "envoy_request_id", "trace_id", "sample_allow"]);
});

describe("what is redacted is in no field of any line", () => {
  for (const field of REDACTABLE) {
    it(field, () => {
      for (const each of cases) {
        const plain = lineOf(each, []);
        const line = lineOf(each, [field]);
        const text = JSON.stringify(line);
        for (const mark of HIDDEN[field]) assert.ok(!text.includes(mark), `${each.name}: ${text}`);
        if (field === "external_id") continue;
        const value = plain[field];
        if (value === undefined) continue;
        assert.ok(!text.includes(JSON.stringify(value).slice(1, -1)), `${each.name}: ${text}`);
        assert.equal(typeof line[field], "string", "that something is there is told");
      }
    });
  }
});

test("nothing that names a person or an argument is left when all is redacted", () => {
  for (const each of cases) {
    const text = JSON.stringify(lineOf(each, REDACTABLE));
    for (const mark of Object.values(MARKS)) assert.ok(!text.includes(mark), `${each.name}: ${text}`);
  }
});

test("what isn't redacted stays as it is", () => {
  for (const each of cases) {
    const { client, ...rest } = lineOf(each, ["client"]);
    assert.equal(client, "[redacted]");
    assert.deepEqual({ ...rest, client: MARKS.client }, lineOf(each, []), each.name);
  }
});

test("a path with a redacted argument shows the pattern of its route, one without any stays", () => {
  const shown = new Map(cases.map((each) => [each.name, lineOf(each, ["actual"])["path"]]));
  assert.equal(shown.get("constraint_violation: of the path"), "/files/{path}");
  assert.equal(shown.get("allowed: a call that is right"), "/files/{path}");
  assert.equal(shown.get("constraint_violation: of the body"), "/orders");
  assert.equal(shown.get("no_route: another path"), "[redacted]");
});

test("where the detail would quote what is redacted, it is the general sentence of the reason", () => {
  const violation = cases.find(({ name }) => name === "constraint_violation: of the body") as ReasonCase;
  const { detail, constraint, expected } = lineOf(violation, ["actual"]);
  assert.equal(detail, ANSWERS.constraint_violation.message);
  assert.deepEqual([constraint, expected], ["item", `Pattern(${MARKS.wanted}*)`]);
});
