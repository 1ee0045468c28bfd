import { generateSigningKey, type SigningKey } from "../../src/crypto/ed25519.ts";
import type { Reason } from "../../src/decision/reason.ts";
import type { Snapshot } from "../../src/server/state/snapshot.ts";
import { finish } from "../../src/steps.ts";
import type { Value } from "../../src/value.ts";
import { encodeHeader, parseWarrantHeader } from "../../src/warrant/header.ts";
import { packIds } from "../../src/warrant/packed-ids.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { signProof } from "../../src/warrant/proof.ts";
import type { Revocation } from "../../src/warrant/revocation.ts";
import { leafOf } from "../../src/warrant/warrant.ts";
import { approvalsHeader, gatingFields, signApproval, WHOLE_TOOL } from "./approvals.ts";
import { type RawChain, type RawLink, rawChain, rawTools } from "./raw-chain.ts";
import { unixNow } from "./warrants.ts";

/** What a request or a warrant tells that an operator may want out of a log; each occurs nowhere else. */
export const MARKS = {
  path: "pathmark",
  query: "querymark",
  header: "headermark",
  body: "bodymark",
  member: "membermark",
  host: "hostmark",
  client: "203.0.113.77",
  session: "sessionmark",
  agent: "agentmark",
  wanted: "wantedmark",
  approver: "approvermark",
} as const;

const JSON_TYPE = "application/json";

/** A request, and the reason it is denied for; undefined for an allow. */
export interface ReasonCase {
  readonly name: string;
  readonly reason: Reason | undefined;
  /** Of the CheckRequest. */
  readonly http: Readonly<Record<string, unknown>>;
  /** What a check has to see for it. */
  readonly change?: (snapshot: Snapshot) => Snapshot;
  /** {@link ServiceOptions.maxInflight} */
  readonly maxInflight?: number;
}

export interface EveryReason {
  readonly cases: readonly ReasonCase[];
  readonly gatewayYaml: (settings?: string) => string;
}

/** At least one request for each reason, with every mark in some of them. */
export function everyReason(): EveryReason {
  const [root, holder, approver, stranger] = Array.from({ length: 4 }, generateSigningKey) as [
    SigningKey,
    SigningKey,
    SigningKey,
    SigningKey,
  ];
  const now = unixNow();
  const text = (words: string): readonly bigint[] => Array.from(Buffer.from(words), BigInt);
  const extensions = new Map([
    ["tenuo.session_id", text(MARKS.session)],
    ["tenuo.agent_id", text(MARKS.agent)],
  ]);
  const pattern = [2n, new Map([["pattern", `${MARKS.wanted}*`]])] as const;
  const exact = (value: string) => [1n, new Map([["value", value]])] as const;
  const wide = { tools: rawTools({ read: {}, find: {}, order: {}, vault: {} }), extensions };
  const narrow = {
    ...wide,
    tools: rawTools({ read: { path: pattern }, find: { q: pattern, tenant: pattern, at: pattern } }),
  };
  const chain = (fields: RawLink["fields"] = wide, signer = root): RawChain =>
    rawChain([{ signer, holder, ...(fields && { fields }) }], now);
  const leaf = ({ header }: RawChain) => {
    const stack = finish(parseWarrantHeader(header));
    if (!isStack(stack)) throw new Error(stack.detail);
    return leafOf(stack);
  };

  const http = (target: string, headers: Readonly<Record<string, string>>) => ({
    ...{ method: "GET", path: target, host: `${MARKS.host}.test`, protocol: "HTTP/1.1", headers },
  });
  const read = (sent: RawChain, more: Readonly<Record<string, string>> = {}, signer = holder, time = now) => {
    const args = new Map([["path", MARKS.path]]);
    const proof = encodeHeader(signProof(signer, { warrant: leaf(sent), tool: "read", args }, time));
    return http(`/files/${MARKS.path}`, { "x-tenuo-warrant": sent.header, "x-tenuo-pop": proof, ...more });
  };
  const call = (sent: RawChain, tool: string, target: string, args: ReadonlyMap<string, Value>) => {
    const proof = encodeHeader(signProof(holder, { warrant: leaf(sent), tool, args }, now));
    const headers = { "x-tenuo-warrant": sent.header, "x-tenuo-pop": proof, "x-tenant": MARKS.header };
    return http(target, headers);
  };
  const found = new Map([
    ["at", `${MARKS.host}.test`],
    ["q", MARKS.query],
    ["tenant", MARKS.header],
  ]);
  const find = (sent: RawChain) => call(sent, "find", `/find?q=${MARKS.query}`, found);
  const ordered = (body: string, headers: Readonly<Record<string, string>> = {}) => {
    const sent = chain();
    const all = { "x-tenuo-warrant": sent.header, "content-type": JSON_TYPE, ...headers };
    return { ...http("/orders", all), method: "POST", body };
  };
  const order = (): ReasonCase["http"] => {
    const tools = rawTools({ order: { item: pattern, kind: exact(JSON_TYPE) } });
    const args = new Map([
      ["item", MARKS.body],
      ["kind", JSON_TYPE],
    ]);
    const asked = call(chain({ ...wide, tools }), "order", "/orders", args);
    const headers = { ...asked.headers, "content-type": JSON_TYPE };
    return { ...asked, method: "POST", headers, body: `{"item":"${MARKS.body}"}` };
  };

  const gated = chain({
    ...wide,
    ...gatingFields({ gates: { read: WHOLE_TOOL }, approvers: [approver, stranger], min: 2 }),
  });
  const gatedOnce = chain({
    ...wide,
    ...gatingFields({ gates: { read: WHOLE_TOOL }, approvers: [approver], min: 1 }),
  });
  const approved = (by: SigningKey, requestHash = new Uint8Array(32)) => ({
    "x-tenuo-approvals": approvalsHeader([signApproval(by, { requestHash, externalId: MARKS.approver })]),
  });
  const child = (from: string, to: string): RawChain =>
    rawChain(
      [
        {
          signer: root,
          holder: stranger,
          fields: { ...wide, tools: rawTools({ read: { path: exact(from) } }) },
        },
        { signer: stranger, holder, fields: { ...wide, tools: rawTools({ read: { path: exact(to) } }) } },
      ],
      now,
    );
  const times = (issuedAt: number) => ({
    ...{ ...wide, issuedAt: BigInt(issuedAt), expiresAt: BigInt(issuedAt + 60) },
  });
  const revoking = (revocation: Partial<Revocation["list"]>, maxAgeSeconds?: number) => {
    const list = { version: 1n, ids: packIds([]), issuedAt: now, issuer: root.publicKey.hex, ...revocation };
    return (snapshot: Snapshot): Snapshot => {
      const { policy } = snapshot;
      const known = { list, required: true, ...(maxAgeSeconds !== undefined && { maxAgeSeconds }) };
      return {
        ...snapshot,
        policy: { ...policy, trust: { ...policy.trust, revocation: known as Revocation } },
      };
    };
  };
  const revoked = chain();

  const rows: readonly (readonly [Reason | undefined, string, ReasonCase["http"], Partial<ReasonCase>?])[] = [
    [undefined, "a call that is right", read(chain())],
    [undefined, "one with a query", find(chain())],
    ["ambiguous_request", "a path parameter", http(`/files/${MARKS.path};a`, {})],
    ["ambiguous_request", "a header twice", http("/find", { "x-tenuo-warrant": `a,${MARKS.header}` })],
    ["ambiguous_request", "a key in brackets", { ...find(chain()), path: `/find?q[${MARKS.query}]=1` }],
    ["ambiguous_request", "a replaced byte", { ...read(chain()), path: `/files/${MARKS.path}!` }],
    ["approval_required", "no approval", read(gated)],
    ["body_unreadable", "no JSON", ordered(`{"${MARKS.member}":"${MARKS.body}`)],
    ["body_unreadable", "another length", ordered("{}", { "content-length": "5" })],
    ["body_unreadable", "another media type", ordered("{}", { "content-type": `text/${MARKS.header}` })],
    ["chain_invalid", "a widening", read(child(`${MARKS.wanted}-a`, `${MARKS.wanted}-b`))],
    ["constraint_violation", "of the path", read(chain(narrow))],
    ["constraint_violation", "of the query", find(chain(narrow))],
    ["constraint_violation", "of the body", order()],
    [
      "constraint_violation",
      "of a header",
      find(
        chain({
          ...wide,
          tools: rawTools({
            find: { q: exact(MARKS.query), tenant: pattern, at: exact(`${MARKS.host}.test`) },
          }),
        }),
      ),
    ],
    [
      "constraint_violation",
      "of the host",
      find(
        chain({
          ...wide,
          tools: rawTools({ find: { q: exact(MARKS.query), tenant: exact(MARKS.header), at: pattern } }),
        }),
      ),
    ],
    [
      "constraint_violation",
      "an argument not named",
      find(
        chain({
          ...wide,
          tools: rawTools({ find: { tenant: exact(MARKS.header), at: exact(`${MARKS.host}.test`) } }),
        }),
      ),
    ],
    ["extraction_failed", "a body without the member", ordered(`{"${MARKS.member}":"${MARKS.body}"}`)],
    ["extraction_failed", "a value of the wrong type", ordered(`{"item":["${MARKS.body}"]}`)],
    ["extraction_failed", "no query", { ...find(chain()), path: "/find" }],
    ["insufficient_approvals", "one of two", read(gated, approved(approver))],
    ["insufficient_clearance", "a warrant without any", call(chain(), "vault", "/vault/a", new Map())],
    ["internal", "a bug", read(chain()), { change: withBug }],
    ["invalid_approval", "for another request", read(gatedOnce, approved(approver))],
    ["invalid_pop", "of another holder", read(chain(), {}, stranger)],
    ["invalid_warrant", "no base64", read(chain(), { "x-tenuo-warrant": MARKS.header })],
    ["missing_pop", "no proof", read(chain(), { "x-tenuo-pop": "" })],
    ["missing_warrant", "no warrant", http(`/files/${MARKS.path}`, {})],
    ["no_route", "another path", http(`/elsewhere/${MARKS.path}`, {})],
    ["overloaded", "no room to wait", read(chain()), { maxInflight: 0 }],
    ["pop_expired", "a proof of some minutes ago", read(chain(), {}, holder, now - 100)],
    ["request_too_large", "a body above the bound", ordered(`"${MARKS.body.repeat(50)}"`)],
    [
      "revocation_unavailable",
      "a list too old",
      read(chain()),
      { change: revoking({ issuedAt: now - 90 }, 60) },
    ],
    ["tool_not_in_warrant", "another tool", read(chain({ ...wide, tools: rawTools({ find: {} }) }))],
    [
      "unknown_constraint",
      "a kind nobody knows",
      read(chain({ ...wide, tools: rawTools({ read: { path: [200n, MARKS.wanted] } }) })),
    ],
    ["untrusted_root", "a stranger's", read(chain(wide, stranger))],
    ["warrant_expired", "of an hour ago", read(chain(times(now - 3600)))],
    ["warrant_not_yet_valid", "of the next hour", read(chain(times(now + 3600)))],
    [
      "warrant_revoked",
      "in the list",
      read(revoked),
      { change: revoking({ ids: packIds([revoked.leafId]) }) },
    ],
    ["wrong_warrant_type", "an issuer's", read(chain({ extensions, type: 1n, issuableTools: ["read"] }))],
  ];
  return {
    cases: rows.map(([reason, name, sent, more]) => ({
      ...{ name: `${reason ?? "allowed"}: ${name}`, reason, http: sent },
      ...more,
    })),
    gatewayYaml: (settings = "") => `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"], max_body_bytes: 300${settings}}
tools:
  read: {constraints: {path: {from: path, path: path, required: true}}}
  find:
    constraints:
      q: {from: query, path: q, required: true}
      tenant: {from: header, path: X-Tenant}
      at: {from: header, path: Host}
  order:
    constraints:
      item: {from: body, path: item, type: string, required: true}
      kind: {from: header, path: Content-Type}
  vault: {clearance: 3}
routes:
  - {pattern: "/files/{path}", method: GET, tool: read}
  - {pattern: /find, method: GET, tool: find}
  - {pattern: /orders, method: POST, tool: order}
  - {pattern: "/vault/{name}", method: GET, tool: vault}
`,
  };
}

/** Judging it fails in a way that nobody thought of. */
function withBug(snapshot: Snapshot): Snapshot {
  const { policy } = snapshot;
  const trust = Object.create(policy.trust, {
    clockToleranceSeconds: {
      get: () => {
        throw new Error("a bug");
      },
    },
  });
  return { ...snapshot, policy: { ...policy, trust } };
}
