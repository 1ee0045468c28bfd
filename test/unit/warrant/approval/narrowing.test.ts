import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { CborValue } from "../../../../src/cbor/value.ts";
import { generateSigningKey, type SigningKey } from "../../../../src/crypto/ed25519.ts";
import { Evaluation } from "../../../../src/evaluation.ts";
import { finish } from "../../../../src/steps.ts";
import type { Arguments, Value } from "../../../../src/value.ts";
import { gateOf, isGated } from "../../../../src/warrant/approval/gate.ts";
import { checkGates } from "../../../../src/warrant/approval/narrowing.ts";
import {
  all,
  exact,
  notOneOf,
  oneOf,
  pattern,
  range,
  wildcard,
  writeConstraint,
} from "../../../../src/warrant/constraint/index.ts";
import { parseWarrantHeader } from "../../../../src/warrant/header.ts";
import { isStack } from "../../../../src/warrant/parse.ts";
import type { Warrant } from "../../../../src/warrant/warrant.ts";
import { type Gating, gateBy, gatingFields, record, WHOLE_TOOL } from "../../../support/approvals.ts";
import { rawChain, rawTools } from "../../../support/raw-chain.ts";

const key = generateSigningKey();
const [manager, auditor, owner] = [generateSigningKey(), generateSigningKey(), generateSigningKey()] as const;

interface Side extends Gating {
  /** `t` unless said. */
  readonly tools?: readonly string[];
  readonly issues?: readonly string[];
}

function warrant({ tools = ["t"], issues, ...gating }: Side): Warrant {
  const rights =
    issues === undefined
      ? { tools: rawTools(Object.fromEntries(tools.map((tool) => [tool, {}]))) }
      : { type: 1n, issuableTools: issues };
  const fields = { ...rights, ...gatingFields({ approvers: [manager], ...gating }) };
  const stack = finish(
    parseWarrantHeader(rawChain([{ signer: key, holder: key, fields }], 1_700_000_000).header),
  );
  assert.ok(isStack(stack));
  return stack[0];
}

function verdict(parent: Side, child: Side): string {
  const refusal = checkGates(warrant(parent), warrant(child), new Evaluation(0));
  return refusal === undefined ? "allowed" : (refusal.chainFault ?? "");
}
const allowed = (parent: Side, child: Side) => assert.equal(verdict(parent, child), "allowed");
const refused = (parent: Side, child: Side) => assert.equal(verdict(parent, child), "chain-broken");

const whole = { t: WHOLE_TOOL };
const on = (gate: CborValue): Side => ({ gates: { t: gateBy({ a: gate }) } });
const exempt = (constraint: CborValue) => record({ exempt: constraint });
const c = writeConstraint;

describe("the gates of a child", () => {
  it("may be anything, unreadable too, below a parent without gates", () => {
    for (const gates of [undefined, whole, Buffer.of(0xff)])
      allowed({}, { ...(gates && { gates }), approvers: [owner] });
  });
  it("may be those of its parent", () => allowed({ gates: whole }, { gates: whole }));
  it("may not be gone, empty or unreadable", () => {
    for (const child of [{}, { gates: Buffer.alloc(0) }, { gates: {} }, { gates: Buffer.of(0xff) }])
      refused({ gates: whole }, child);
  });
  it("may not follow unreadable ones", () => refused({ gates: Buffer.of(0xff) }, { gates: whole }));
  it("may be gone with the tools they gate", () => {
    allowed({ gates: whole, tools: ["t", "u"] }, { tools: ["u"], approvers: [] });
  });
  it("may be more", () => allowed({ gates: whole }, { gates: { ...whole, u: WHOLE_TOOL } }));
  it("may not spare calls of a tool that was gated whole", () => {
    refused({ gates: whole }, { gates: { t: gateBy({ a: "all" }) } });
    refused({ gates: whole }, { gates: { t: gateBy({}) } });
  });
  it("may gate a tool whole that was gated by arguments", () => allowed(on("all"), { gates: whole }));
  it("keep every gated argument, and may gate more", () => {
    const both = { gates: { t: gateBy({ a: "all", b: "all" }) } };
    allowed(on("all"), both);
    refused(both, on("all"));
  });
  it("bind what an issuer may issue", () => {
    refused({ gates: whole, issues: ["t", "u"] }, { issues: ["t"] });
    allowed({ gates: whole, issues: ["t", "u"] }, { issues: ["u"] });
    refused({ gates: whole, issues: ["*"] }, { tools: ["t"] });
  });
});

describe("a gate of `*`", () => {
  const star = { gates: { "*": WHOLE_TOOL } };
  it("stays in force when the child names its tools", () => {
    refused({ ...star, tools: ["*"] }, { tools: ["t"] });
    refused({ ...star, tools: ["*"] }, { tools: ["t", "u"], gates: whole });
    allowed({ ...star, tools: ["*"] }, { tools: ["t"], gates: whole });
    allowed({ ...star, tools: ["*"] }, { ...star, tools: ["t"] });
  });
  it("can't be undone by a weaker gate of one tool", () => {
    refused(star, { gates: { "*": WHOLE_TOOL, t: gateBy({}) } });
    refused({ ...star, tools: ["*"] }, { gates: { "*": WHOLE_TOOL, t: gateBy({}) }, tools: ["*"] });
  });
  it("can't be reached by dropping a tool's own stricter gate", () => {
    const parent: Side = { gates: { "*": gateBy({}), t: WHOLE_TOOL }, tools: ["*"] };
    refused(parent, { gates: { "*": gateBy({}) }, tools: ["*"] });
    allowed(parent, { gates: { "*": gateBy({}) }, tools: ["u"] });
    refused(parent, { ...star, tools: ["*"] });
    allowed(parent, { gates: { "*": WHOLE_TOOL, t: WHOLE_TOOL }, tools: ["*"] });
  });
  it("doesn't stand in for one that the parent has by name", () => {
    refused({ gates: { t: gateBy({}) } }, star);
  });
  it("covers a tool that a child holds through `*`", () =>
    refused({ gates: whole, tools: ["*"] }, { tools: ["*"] }));
});

describe("a gated argument", () => {
  it("may be gated always in place of sometimes, never the other way", () => {
    for (const gate of [c(range({ min: 100 })), exempt(c(exact("x")))]) {
      allowed(on(gate), on("all"));
      refused(on("all"), on(gate));
    }
  });
  it("can't have its gate switched off by narrowing: a gate fires where its constraint matches", () => {
    refused(on(c(range({ min: 100 }))), on(c(range({ min: 1e9 }))));
    refused(on(c(wildcard)), on(c(exact("never"))));
    refused(on(c(oneOf(["a", "b"]))), on(c(oneOf([]))));
    refused(on(c(notOneOf(["a"]))), on(c(notOneOf(["a", "b"]))));
    refused(on(c(pattern("/etc/*"))), on(c(pattern("/etc/ssh/*"))));
  });
  it("may list the same members in another order, at the top only", () => {
    allowed(on(c(oneOf(["a", "b"]))), on(c(oneOf(["b", "a"]))));
    allowed(on(c(notOneOf(["a", "b"]))), on(c(notOneOf(["b", "a"]))));
    const inside = (values: readonly string[]) => on(c(all([oneOf(values), wildcard])));
    refused(inside(["a", "b"]), inside(["b", "a"]));
  });
  it("may keep a constraint of an unknown kind, byte for byte", () => {
    allowed(on([99n, "x"]), on([99n, "x"]));
    refused(on([99n, "x"]), on([99n, "y"]));
  });
  it("may be exempted less, never more", () => {
    const [wide, narrow] = [exempt(c(pattern("/tmp/*"))), exempt(c(pattern("/tmp/a/*")))];
    allowed(on(wide), on(narrow));
    refused(on(narrow), on(wide));
  });
  it("can't turn from gated by into exempted by, or back", () => {
    refused(on(c(exact("x"))), on(exempt(c(exact("x")))));
    refused(on(exempt(c(exact("x")))), on(c(exact("x"))));
  });
});

describe("the approvers of a child", () => {
  const gated = (approvers: readonly SigningKey[], min?: number): Side => ({
    gates: whole,
    approvers,
    ...(min !== undefined && { min }),
  });
  it("keep everyone, in any order", () => {
    allowed(gated([manager, auditor]), gated([auditor, manager, auditor]));
    refused(gated([manager, auditor]), gated([manager]));
    refused(gated([manager]), gated([owner]));
    refused(gated([manager]), gated([]));
  });
  it("rise in number by each one who is added", () => {
    refused(gated([manager], 1), gated([manager, auditor], 1));
    allowed(gated([manager], 1), gated([manager, auditor], 2));
    refused(gated([manager], 1), gated([manager, auditor, owner], 2));
    allowed(gated([manager], 1), gated([manager, auditor, owner]));
  });
  it("don't become fewer", () => {
    refused(gated([manager, auditor], 2), gated([manager, auditor], 1));
    refused(gated([manager, auditor]), gated([manager, auditor], 1));
    allowed(gated([manager, auditor], 1), gated([manager, auditor], 2));
  });
  it("aren't named for a gate that has none", () => {
    refused(gated([]), gated([owner]));
    allowed(gated([]), gated([]));
  });
  it("are kept below an empty map too", () => {
    refused({ gates: {} }, { gates: {}, approvers: [owner] });
  });
});

it("a child's gate fires wherever its parent's fires, whatever the two", () => {
  const values = ["a", "b", "ab", "", null, 1n, 150n] as const;
  const constraint = fc.oneof(
    fc.subarray(["a", "b", "ab"]).map(oneOf),
    fc.subarray(["a", "b", "ab"]).map(notOneOf),
    fc.constantFrom("a*", "*", "b", "?").map(pattern),
    fc.constantFrom(1, 100).map((min) => range({ min })),
    fc.constantFrom("a", 1n).map(exact),
  );
  const argument = fc.oneof(
    fc.constant<CborValue>("all"),
    constraint.map(c),
    constraint.map((each) => exempt(c(each))),
  );
  const gate = fc.oneof(
    fc.constant(WHOLE_TOOL),
    fc.dictionary(fc.constantFrom("x", "y"), argument).map((args) => gateBy(args)),
  );
  const gates = fc.dictionary(fc.constantFrom("t", "*"), gate);
  let kept = 0;
  fc.assert(
    fc.property(
      gates,
      gates,
      fc.constantFrom("t", "*"),
      fc.constantFrom(...values),
      (above, below, tool, x) => {
        const [parent, child] = [
          warrant({ gates: above, tools: [tool] }),
          warrant({ gates: below, tools: [tool] }),
        ];
        if (checkGates(parent, child, new Evaluation(0)) !== undefined) return;
        for (const called of tool === "*" ? ["t", "u"] : [tool]) {
          for (const args of [
            new Map<string, Value>([["x", x]]),
            new Map<string, Value>([
              ["x", x],
              ["y", "b"],
            ]),
          ]) {
            if (!fires(parent, called, args)) continue;
            assert.ok(fires(child, called, args), `${called}(${String(x)})`);
            kept++;
          }
        }
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(kept > 100, `only ${kept}`);
});

function fires({ gates }: Warrant, tool: string, args: Arguments): boolean {
  assert.ok(gates instanceof Map);
  const gate = gateOf(gates, tool);
  return gate !== undefined && isGated(gate, args, new Evaluation(0)) === true;
}
