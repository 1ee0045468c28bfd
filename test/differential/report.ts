import { type Comparison, type Disagreement, faultsOf, isCritical } from "./compare.ts";
import { bodyOf } from "./judge.ts";
import { toJson } from "./spec.ts";

/** Everything that is needed to see a case again, here and elsewhere. */
export function describe(comparison: Comparison): string {
  const { spec, material, ours, theirs } = comparison;
  const lines = [
    "",
    ...faultsOf(comparison).map(titleOf),
    `  ours: ${ours.allow ? "allow" : `deny, ${ours.detail}`}`,
    ...Array.from(theirs, ([name, { allow, detail }]) => `  ${name}: ${allow ? "allow" : `deny, ${detail}`}`),
    `  spec: ${toJson(spec)}`,
    `  warrant: ${material.warrant}`,
    `  tool: ${spec.call.tool}`,
    `  args: ${bodyOf(spec.call.args)}`,
    `  proof: ${material.proof ?? "(none)"}`,
    ...material.approvals.map((approval) => `  approval: ${approval}`),
    `  now: ${material.now}`,
    `  before it was made smaller: npm run test:conformance -- --seed ${spec.seed} --case ${spec.index}`,
  ];
  return `${lines.join("\n")}\n`;
}

function titleOf(fault: Disagreement): string {
  if (fault.we === "deny") return `DISAGREEMENT: ${fault.judge} allows what we deny`;
  return `${isCritical({ disagreements: [fault] }) ? "CRITICAL" : "DISAGREEMENT"}: we allow what ${fault.judge} denies`;
}

/** How often what came out. */
export interface Tally {
  cases: number;
  /** Cases that the SDK's builders made from root to leaf. */
  mintedBySdk: number;
  readonly reasons: Map<string, number>;
  /** By judge and whether both allow, both deny, or they differ. */
  readonly agreements: Map<string, number>;
  readonly deliberate: Map<string, number>;
}

export function newTally(): Tally {
  return { cases: 0, mintedBySdk: 0, reasons: new Map(), agreements: new Map(), deliberate: new Map() };
}

export function count(tally: Tally, { ours, theirs, disagreements, mintedBySdk }: Comparison): void {
  tally.cases++;
  if (mintedBySdk) tally.mintedBySdk++;
  increment(tally.reasons, ours.reason);
  for (const [judge, { allow }] of theirs) {
    const outcome = allow === ours.allow ? `${allow ? "allowed" : "denied"} by both` : "different";
    increment(tally.agreements, `${outcome}, ${judge} and we`);
  }
  for (const { judge, we, rule } of disagreements) {
    if (rule !== undefined) increment(tally.deliberate, `we ${we}, ${judge} doesn't: ${rule.name}`);
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

interface Run {
  readonly seed: number;
  readonly seconds: number;
  /** Cases with a difference that nobody meant. */
  readonly faults: number;
}

export function summarize(tally: Tally, { seed, seconds, faults }: Run): string {
  const allowed = percent(tally.reasons.get("allow") ?? 0, tally.cases);
  const lines = [
    "",
    `${tally.cases} cases in ${seconds.toFixed(1)} s, seed ${seed}: we allow ${allowed}, the SDK minted ${percent(tally.mintedBySdk, tally.cases)}`,
    "verdicts",
    ...table(tally.agreements),
    "differences that are meant",
    ...table(tally.deliberate),
    "our reasons",
    ...table(tally.reasons),
    faults === 0 ? "Every difference is a deliberate one." : `${faults} CASES WITH DISAGREEMENTS`,
  ];
  return `${lines.join("\n")}\n`;
}

function table(counts: ReadonlyMap<string, number>): readonly string[] {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([text, count]) => `${String(count).padStart(8)}  ${text}`);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "none" : `${((100 * part) / whole).toFixed(0)} %`;
}
