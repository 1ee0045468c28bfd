import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { CborValue } from "../../src/cbor/value.ts";
import { generateSigningKey } from "../../src/crypto/ed25519.ts";
import { finish } from "../../src/steps.ts";
import type { Arguments, Value } from "../../src/value.ts";
import { encodeHeader, parseWarrantHeader } from "../../src/warrant/header.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { signProof } from "../../src/warrant/proof.ts";
import type { WarrantReason } from "../../src/warrant/refusal.ts";
import { verifyCall } from "../../src/warrant/verify.ts";
import type { Warrant } from "../../src/warrant/warrant.ts";
import { gateBy, gatingFields, record, WHOLE_TOOL } from "../support/approvals.ts";
import { type RawLink, rawChain, rawSet, rawTools } from "../support/raw-chain.ts";
import { sdkOrReason } from "../support/sdk.ts";
import { type Call, unixNow } from "../support/warrants.ts";

// Each hole of the reference, as a whole signed request that goes through there and is denied here. The published SDK
// is asked too, so that a hole is not only claimed; docs/compatibility.md tells them to users.

/** Who signs each link, and who may use it. */
const root = generateSigningKey();
const planner = generateSigningKey();
const worker = generateSigningKey();
const helper = generateSigningKey();

type Json = string | number | boolean | { readonly [name: string]: Json };

interface Hole {
  readonly name: string;
  readonly links: readonly RawLink[];
  readonly call: { readonly tool: string; readonly args: { readonly [name: string]: Json } };
  readonly refused: WarrantReason;
}

const ISSUER = 1n;
const FREE: CborValue = [16n, null];
const exact = (value: CborValue): CborValue => [1n, new Map([["value", value]])];
const pattern = (text: string): CborValue => [2n, new Map([["pattern", text]])];
const cidr = (text: string): CborValue => [8n, text];
const url = (text: string): CborValue => [9n, text];
const all = (...members: CborValue[]): CborValue => [12n, new Map([["constraints", members]])];
const any = (...members: CborValue[]): CborValue => [13n, new Map([["constraints", members]])];
const not = (member: CborValue): CborValue => [14n, new Map([["constraint", member]])];
const cel = (expression: string): CborValue => [15n, new Map([["expression", expression]])];

type Fields = NonNullable<RawLink["fields"]>;
const chain = (...fields: Fields[]): readonly RawLink[] => {
  const keys = [root, planner, worker, helper];
  return fields.map((each, i) => ({
    signer: keys[i] as typeof root,
    holder: keys[i + 1] as typeof root,
    fields: each,
  }));
};
const granting = (tools: Parameters<typeof rawTools>[0], more: Fields = {}): Fields => ({
  tools: rawTools(tools),
  ...more,
});
const issuing = (tools: readonly string[], more: Fields = {}): Fields => ({
  type: ISSUER,
  issuableTools: tools,
  ...more,
});
const everything = granting({ "*": {} });

/** Under a root warrant of the one constraint, a delegated warrant of the other. */
function widened(name: string, parent: CborValue, child: CborValue, witness: Json): Hole {
  return {
    name,
    links: chain(granting({ read: { path: parent } }), granting({ read: { path: child } })),
    call: { tool: "read", args: { path: witness } },
    refused: "chain_invalid",
  };
}

const strict = granting({ read: { path: exact("/data/a") } });
const shell: Call = { tool: "shell", args: { command: "id" } };
const bounds = rawSet({ path: exact("/data/a") });
const readAnything: Call = { tool: "read", args: { path: "/etc/passwd" } };
const anyRead = granting({ read: { path: FREE } });

/** With an approver, who is never asked here. */
const gated = (gates: Readonly<Record<string, CborValue>>): Fields =>
  gatingFields({ gates, approvers: [helper] });

const HOLES: readonly Hole[] = [
  {
    name: "rights laundering: a child without tools, then a grandchild with `*`, reaches everything",
    links: chain(strict, granting({}), everything),
    call: shell,
    refused: "chain_invalid",
  },
  {
    name: "rights laundering below an issuer, past its tools and bounds",
    links: chain(issuing(["read"], { constraintBounds: bounds }), granting({}), everything),
    call: shell,
    refused: "chain_invalid",
  },
  {
    name: "a `*` tool drops the strict entry it stood beside",
    links: chain(granting({ "*": {}, read: { path: exact("/data/a") } }), everything),
    call: readAnything,
    refused: "chain_invalid",
  },
  widened(
    "a UrlPattern path grows a suffix",
    url("https://a.com/api"),
    url("https://a.com/api/*"),
    "https://a.com/api/x",
  ),
  widened(
    "a UrlPattern path with an invalid glob is widened by a set",
    url("https://a.com/a[/*"),
    url("https://a.com/a[/]*"),
    "https://a.com/a/x",
  ),
  widened(
    "a UrlPattern host of another scheme matches in any case",
    url("*://*.a.com"),
    url("*://a.com"),
    "foo://A.com/",
  ),
  widened(
    "a Not over UrlPatterns turns the widened path around",
    not(url("https://a.com/api/x")),
    not(url("https://a.com/api")),
    "https://a.com/api/x",
  ),
  widened("a Pattern suffix is cut inside a set", pattern("*]"), pattern("*[ab]"), "a"),
  widened("a Pattern suffix is cut inside a negated set", pattern("*]"), pattern("*[!b]"), "a"),
  widened("an invalid Pattern permits what starts like it", pattern("[!a*"), pattern("[!a]a"), "ba"),
  widened("an empty All permits any Exact", all(), exact("x"), "x"),
  widened(
    "an Any drops the branch that fails",
    any(cidr("10.0.0.0/8"), exact("host")),
    any(exact("host")),
    "host",
  ),
  widened(
    "an Any puts the branch that fails last",
    any(cidr("10.0.0.0/8"), exact("host")),
    any(exact("host"), cidr("10.0.0.0/8")),
    "host",
  ),
  widened(
    "an Any drops the branch of an unknown kind",
    any([99n, Buffer.from("?")], exact("a")),
    any(exact("a")),
    "a",
  ),
  widened("white space inside a CEL text is dropped", cel("value == 'a b'"), cel("value == 'ab'"), "ab"),
  widened(
    "a CEL comment swallows the rest of the line",
    cel("value == 'x' // c\n && false"),
    cel("value == 'x' // c && false"),
    "x",
  ),
  widened(
    "parentheses in CEL texts close the parent's group",
    cel("value == 'x'"),
    cel(`(value == 'x') && ("(" != "") || (")" != "")`),
    "y",
  ),
  widened("white space that parts CEL words is dropped", cel("value in ['a']"), cel("valuein['a']"), {
    valuein: { a: true },
  }),
  widened(
    "a UrlPattern path with a set permits an invalid glob, which is compared as text",
    url("https://a.com/[ab]/*"),
    url("https://a.com/[ab]/["),
    "https://a.com/[ab]/[",
  ),
  widened(
    "a UrlPattern host below a scheme of its own matches in any case",
    url("foo://*.a.com"),
    url("foo://x.a.com"),
    "foo://x.A.com/",
  ),
  {
    name: "a clearance appears where the parent has none",
    links: chain(anyRead, { ...anyRead, clearance: 50n }),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "a clearance is dropped, then raised",
    links: chain({ ...anyRead, clearance: 10n }, anyRead, { ...anyRead, clearance: 50n }),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "an issuer raises the clearance",
    links: chain(issuing(["read"], { clearance: 10n }), issuing(["read"], { clearance: 50n }), anyRead),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "a middle issuer drops the constraint bounds",
    links: chain(issuing(["read"], { constraintBounds: bounds }), issuing(["read"]), anyRead),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "an issuer issues beyond its max_issue_depth",
    links: chain(issuing(["read"], { maxIssueDepth: 0n }), anyRead),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "a middle issuer raises max_issue_depth",
    links: chain(issuing(["read"], { maxIssueDepth: 1n }), issuing(["read"], { maxIssueDepth: 9n }), anyRead),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "a planner issues to itself by way of a second issuer",
    links: [
      { signer: root, holder: planner, fields: issuing(["read"]) },
      { signer: planner, holder: worker, fields: issuing(["read"]) },
      { signer: worker, holder: helper, fields: anyRead },
      { signer: helper, holder: planner, fields: anyRead },
    ],
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "constraint bounds on an execution warrant are ignored",
    links: chain({ ...anyRead, constraintBounds: bounds }),
    call: readAnything,
    refused: "invalid_warrant",
  },
  {
    name: "a lifetime of ten years",
    links: chain({ ...anyRead, expiresAt: BigInt(unixNow() + 315_360_000) }),
    call: readAnything,
    refused: "invalid_warrant",
  },
  {
    name: "bytes after the payload",
    links: [
      {
        signer: root,
        holder: planner,
        fields: anyRead,
        respell: (bytes) => Buffer.concat([bytes, Buffer.of(0)]),
      },
    ],
    call: readAnything,
    refused: "invalid_warrant",
  },
  {
    name: "an argument named twice, the second time freely",
    links: [
      {
        signer: root,
        holder: planner,
        fields: granting({ read: { path: exact("/data/a"), twin: FREE } }),
        respell: (bytes) =>
          Buffer.from(Buffer.from(bytes).toString("latin1").replace("twin", "path"), "latin1"),
      },
    ],
    call: readAnything,
    refused: "invalid_warrant",
  },
  {
    name: "a type of 256 is read as an execution warrant",
    links: chain({ ...anyRead, type: 256n }),
    call: readAnything,
    refused: "invalid_warrant",
  },
  {
    name: "a lone delegated warrant that names no parent",
    links: chain({ ...anyRead, depth: 1n }),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "an approval gate of `*` is never asked",
    links: chain({ ...anyRead, ...gated({ "*": WHOLE_TOOL }) }),
    call: readAnything,
    refused: "approval_required",
  },
  {
    name: "an approval gate of `*` is dropped by a child that names its tools",
    links: chain({ ...everything, ...gated({ "*": WHOLE_TOOL }) }, anyRead),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "an approval gate by a constraint is switched off by narrowing it",
    links: chain(
      { ...anyRead, ...gated({ read: gateBy({ path: pattern("/etc/*") }) }) },
      { ...anyRead, ...gated({ read: gateBy({ path: exact("/etc/hosts") }) }) },
    ),
    call: readAnything,
    refused: "chain_invalid",
  },
  {
    name: "unknown members of an approval gate are ignored",
    links: chain({ ...anyRead, ...gated({ read: record({ args: record({}), always: true }) }) }),
    call: readAnything,
    refused: "invalid_approval",
  },
  {
    name: "a lone delegated warrant beyond its own max_depth",
    links: chain({ ...anyRead, depth: 9n, maxDepth: 1n, parentHash: Buffer.alloc(32, 1) }),
    call: readAnything,
    refused: "chain_invalid",
  },
];

function build({ links, call }: Hole) {
  const now = unixNow();
  const { header, leafId, holder } = rawChain(links, now - 10);
  const args = toValue(call.args) as Arguments;
  const proof = encodeHeader(
    signProof(holder, { warrant: { id: leafId } as Warrant, tool: call.tool, args }, now),
  );
  return { header, proof, args, now };
}

function toValue(json: Json): Value {
  if (typeof json === "number") return BigInt(json);
  if (typeof json !== "object") return json;
  return new Map(Object.entries(json).map(([name, member]) => [name, toValue(member)]));
}

const { sdk, withoutSdk } = await sdkOrReason();
after(() => sdk?.stop());

for (const hole of HOLES) {
  test(hole.name, async (t) => {
    const { header, proof, args, now } = build(hole);
    const trust = { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 30 };
    const stack = finish(parseWarrantHeader(header));
    const refusal = isStack(stack)
      ? finish(verifyCall(stack, { tool: hole.call.tool, args, proof }, trust, now))
      : stack;
    assert.equal(refusal.refused, hole.refused);
    if (sdk === undefined) t.diagnostic(withoutSdk);
    else
      assert.equal(await sdk.judge(root, header, proof, hole.call), "allow", "the hole is open in the SDK");
  });
}
