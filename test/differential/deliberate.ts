import {
  afterHost,
  constraints,
  hasList,
  isAsked,
  isEmpty,
  mayFail,
  pairs,
  parents,
  textsOf,
  uses,
  withMembers,
} from "./features.ts";
import type { JudgeName, Verdict } from "./judge.ts";
import type { OurVerdict } from "./our-judge.ts";
import type { CaseSpec } from "./spec.ts";

/** One difference that is meant, as narrow as it can be said. */
export type Rule = StricterRule | LonelyRule;

interface NamedRule {
  readonly name: string;
  /** The heading of docs/compatibility.md that tells users of it. */
  readonly heading: string;
}

/** We deny what either of them allows. */
interface StricterRule extends NamedRule {
  readonly judge: "either";
  /** Our reason and detail. */
  readonly ours: RegExp;
  readonly applies: (spec: CaseSpec, ours: OurVerdict) => boolean;
}

/**
 * One of them differs from the other and from us. This alone may let us allow more than somebody; more than 0.3.5 only
 * where the protocol's description says so.
 */
interface LonelyRule extends NamedRule {
  readonly judge: JudgeName;
  readonly applies: (spec: CaseSpec, theirs: Verdict) => boolean;
}

const NARROW = "Rights only narrow, over the whole chain";
const GATES = "Approval gates only grow";
const GATE_OF_STAR = "Approval gates have one reading";
const CEL = "Expressions of CEL are judged as by the published SDK, or denied";
const ONE_READING = "Signed bytes have one reading";
const URLS = "URLs are read as browsers do";
const OLDER_SDK = "The published SDK is older than the authorizer";

export const RULES: readonly Rule[] = [
  {
    name: "a link from or to a warrant without tools",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .*(?:it grants no tools|its parent doesn't grant)/s,
    applies: (spec) => spec.links.some(({ type, tools }) => type === "execution" && isEmpty(tools)),
  },
  {
    name: "`*` for a tool that the parent lists by name",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: \S+ for `/s,
    applies: (spec, { detail }) => {
      const [, tool = ""] = /for `([^`]*)` it/.exec(detail) ?? [];
      return pairs(spec).some(
        ([parent, child]) => tool in parent.tools && !(tool in child.tools) && "*" in child.tools,
      );
    },
  },
  {
    name: "clearance where the parent has none, or between issuers",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .*its clearance is above its parent's/s,
    applies: (spec) =>
      pairs(spec).some(([parent, child]) => parent.clearance === undefined || child.type === "issuer"),
  },
  {
    name: "bounds or max_issue_depth of an issuer further up",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .*(?:max_issue_depth|for `|as an issuer)/s,
    applies: ({ links }) =>
      links.some(({ maxIssueDepth }) => maxIssueDepth !== undefined) ||
      pairs({ links }).some(([parent, child]) => parent.bounds !== undefined && child.type === "issuer"),
  },
  {
    name: "an execution warrant for a key that issued further up",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .*its holder issued a warrant above it/s,
    applies: ({ links }) =>
      links.some((link, i) => {
        const issuers = links.slice(0, i).filter(({ type }) => type === "issuer");
        return issuers.some(({ holder, signer }) => holder === link.holder || signer === link.holder);
      }),
  },
  {
    name: "a lone warrant whose depth and parent contradict each other",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: depth and parent of the warrant contradict each other/s,
    applies: () => true,
  },
  {
    name: "an All without members, or an unknown kind, permits nothing",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .* it widens/s,
    applies: (spec) => parents(spec).some((c) => "unknown" in c || ("all" in c && c.all.length === 0)),
  },
  {
    name: "an Any or a Not with a member that may not be evaluable",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .* it widens .*(?:Any|Not)\(/s,
    applies: (spec, { detail }) => {
      const [, from, to] = /` from (.*) to (.*)$/s.exec(detail) ?? [];
      if (from === to) return false;
      return constraints(spec).some((c) => ("any" in c || "not" in c) && withMembers(c).some(mayFail));
    },
  },
  {
    name: "a Pattern with a set is delegated unchanged only",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .* it widens .*Pattern/s,
    applies: ({ links }) => constraints({ links }).some((c) => "pattern" in c && /[[\]]/.test(c.pattern)),
  },
  {
    name: "a UrlPattern whose path goes on where its parent's ends",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .* it widens .*UrlPattern/s,
    applies: ({ links }) => {
      const patterns = constraints({ links }).flatMap((c) => ("urlPattern" in c ? [c.urlPattern] : []));
      const goesOn = (longer: string) =>
        patterns.some((shorter) => afterHost(longer).startsWith(`${afterHost(shorter)}/`));
      return patterns.some(goesOn);
    },
  },
  {
    name: "a backslash behind the port of a scheme of one's own is no URL",
    heading: URLS,
    judge: "either",
    ours: /^(?:constraint_violation|chain_invalid): .*Url(?:Pattern|Safe)\(/s,
    applies: (spec) =>
      textsOf(spec).some((text) => /^(?!https?:|wss?:|ftp:|file:)[^:]+:\/\/[^/?#]*:\d*\\/i.test(text)),
  },
  {
    name: "a UrlPattern of a host below a wildcard, where capitals are kept",
    heading: NARROW,
    judge: "either",
    ours: /^chain_invalid: .* it widens .*UrlPattern/s,
    applies: (spec) =>
      constraints(spec).some((c) => "urlPattern" in c && /^(?!https?:|ftp:).*:\/\/\*\./i.test(c.urlPattern)),
  },
  {
    name: "a gate for `*` gates every tool",
    heading: GATE_OF_STAR,
    judge: "either",
    ours: /^(?:approval_required|invalid_approval|insufficient_approvals|constraint_violation|unknown_constraint|chain_invalid: .*approval)/s,
    applies: ({ links }) => links.some(({ gates }) => gates !== undefined && "*" in gates),
  },
  {
    name: "the constraint of a gate can't be narrowed",
    heading: GATES,
    judge: "either",
    ours: /^chain_invalid: .*its approval gate of `.*` fires less often/s,
    applies: (spec) =>
      pairs(spec).some(([{ gates = {} }]) =>
        Object.values(gates).some((gate) =>
          Object.values(gate ?? {}).some((asked) => asked !== "all" && "matches" in asked),
        ),
      ),
  },
  {
    name: "an expression of Cel that its author wouldn't read so",
    heading: CEL,
    judge: "either",
    ours: /^constraint_violation: .*can't be evaluated/s,
    applies: (spec) => isAsked(spec, "cel"),
  },
  {
    name: "Cel has the dialect of the published SDK",
    heading: CEL,
    judge: "0.3.5",
    applies: (spec) => isAsked(spec, "cel"),
  },
  {
    name: "bytes that only a lax decoder reads",
    heading: ONE_READING,
    judge: "either",
    ours: /^invalid_warrant/s,
    applies: isDamagedAndSigned,
  },
  {
    // A flipped bit can make any kind unknown, or any member.
    name: "an unknown kind or member by damage, which is unreadable or overlooked",
    heading: OLDER_SDK,
    judge: "0.3.3",
    applies: isDamagedAndSigned,
  },
  {
    name: "an unknown kind with a value that isn't bytes is unreadable",
    heading: OLDER_SDK,
    judge: "0.3.3",
    applies: (spec, { detail }) =>
      /^unreadable: |decode approval gate map/.test(detail) && uses(spec, "unknown"),
  },
  {
    name: "no lists under a Subpath",
    heading: OLDER_SDK,
    judge: "0.3.3",
    applies: (spec) => uses(spec, "subpath") && (uses(spec, "subset") || hasList(spec)),
  },
  {
    name: "commands are split in another way",
    heading: OLDER_SDK,
    judge: "0.3.3",
    applies: (spec) => uses(spec, "shlex"),
  },
  {
    name: "UrlSafe knows fewer addresses, and no dot after a host",
    heading: OLDER_SDK,
    judge: "0.3.3",
    applies: (spec) => uses(spec, "urlSafe"),
  },
  {
    name: "an approver named twice counts twice",
    heading: OLDER_SDK,
    judge: "0.3.3",
    applies: ({ links }) => links.some(({ approvers = [] }) => new Set(approvers).size < approvers.length),
  },
  {
    name: "approvers may change along the chain, and gates below `*`",
    heading: OLDER_SDK,
    judge: "0.3.3",
    applies: (spec, { allow }) =>
      allow &&
      pairs(spec).some(
        ([parent, child]) =>
          parent.gates !== undefined &&
          ("*" in child.tools ||
            String(parent.approvers) !== String(child.approvers) ||
            parent.minApprovals !== child.minApprovals),
      ),
  },
];

/** The rule that a difference from `judge` is an instance of. */
export function ruleFor(
  spec: CaseSpec,
  judge: JudgeName,
  ours: OurVerdict,
  theirs: ReadonlyMap<JudgeName, Verdict>,
): Rule | undefined {
  const verdict = theirs.get(judge);
  const isAlone = [...theirs].every(([other, { allow }]) => other === judge || allow === ours.allow);
  return RULES.find((rule) =>
    rule.judge === "either"
      ? !ours.allow && rule.ours.test(ours.detail) && rule.applies(spec, ours)
      : rule.judge === judge && isAlone && verdict !== undefined && rule.applies(spec, verdict),
  );
}

function isDamagedAndSigned({ tampering }: CaseSpec): boolean {
  return tampering !== undefined && "resign" in tampering && tampering.resign;
}
