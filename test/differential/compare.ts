import { unixNow } from "../../src/server/unix-now.ts";
import { type Rule, ruleFor } from "./deliberate.ts";
import type { Case, Judge, JudgeName, Verdict } from "./judge.ts";
import { assemble, NOTHING_YET } from "./mint.ts";
import type { OurVerdict } from "./our-judge.ts";
import type { SdkJudge } from "./sdk-judge.ts";
import { REQUIRED_CLEARANCE } from "./sets.ts";
import type { CaseSpec } from "./spec.ts";

/** One case, and what everyone says of it. */
export interface Comparison extends Case {
  readonly ours: OurVerdict;
  readonly theirs: ReadonlyMap<JudgeName, Verdict>;
  readonly disagreements: readonly Disagreement[];
  /** From root to leaf. */
  readonly mintedBySdk: boolean;
}

export interface Disagreement {
  readonly judge: JudgeName;
  readonly we: "deny" | "allow";
  /** The difference it is an instance of; undefined when nobody meant it. */
  readonly rule: Rule | undefined;
}

export interface Judges {
  readonly ours: (given: Case) => OurVerdict;
  readonly sdk: SdkJudge;
  /** Absent where the published server isn't installed. */
  readonly authorizer: Judge | undefined;
}

/** Makes the cases and asks everyone; minting and judging are close together, since clocks are real. */
export async function compare(judges: Judges, specs: readonly CaseSpec[]): Promise<Comparison[]> {
  const minted = await Promise.all(
    specs.map((spec) => (spec.minter === "sdk" ? judges.sdk.mint(spec) : NOTHING_YET)),
  );
  const now = unixNow();
  return Promise.all(
    specs.map(async (spec, i): Promise<Comparison> => {
      const begun = minted[i] ?? NOTHING_YET;
      const given: Case = { spec, material: assemble(spec, begun, now) };
      const others = [judges.sdk, spec.call.tool in REQUIRED_CLEARANCE ? undefined : judges.authorizer];
      const answers = others
        .filter((judge) => judge !== undefined)
        .map(async (judge) => [judge.name, await judge.judge(given)] as const);
      const ours = judges.ours(given);
      const theirs = new Map(await Promise.all(answers));
      const disagreements = disagreementsOf(spec, ours, theirs);
      return { ...given, ours, theirs, disagreements, mintedBySdk: begun.chain.length === spec.links.length };
    }),
  );
}

/** The disagreements that nobody meant. */
export function faultsOf({ disagreements }: Pick<Comparison, "disagreements">): readonly Disagreement[] {
  return disagreements.filter(({ rule }) => rule === undefined);
}

/** Whether we allow what the release we follow denies. */
export function isCritical(comparison: Pick<Comparison, "disagreements">): boolean {
  return faultsOf(comparison).some(({ judge, we }) => judge === "0.3.5" && we === "allow");
}

function disagreementsOf(
  spec: CaseSpec,
  ours: OurVerdict,
  theirs: ReadonlyMap<JudgeName, Verdict>,
): readonly Disagreement[] {
  const differing = [...theirs].filter(([, verdict]) => verdict.allow !== ours.allow);
  return differing.map(([judge]) => ({
    judge,
    we: ours.allow ? "allow" : "deny",
    rule: ruleFor(spec, judge, ours, theirs),
  }));
}
