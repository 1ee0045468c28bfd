import type { Reason } from "../../decision/reason.ts";
import { type Outcome, type Verdict, verdictOf } from "../outcome.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { MetricRegistry, Sample } from "./metric-registry.ts";

/** No label holds anything that a client or the holder of a warrant can choose. */
export interface DecisionMetrics {
  /** @param snapshot what the check was judged by */
  readonly count: (outcome: Outcome, snapshot: Snapshot) => void;
  /** Drops what was counted for tools that the snapshot doesn't have, so that reloads can't add up for ever. */
  readonly forget: (snapshot: Snapshot) => void;
}

/** From a warrant without constraints and one link to large ones behind others; in seconds. */
const DURATION_BUCKETS = [
  0.000_05, 0.000_1, 0.000_15, 0.000_2, 0.000_3, 0.000_5, 0.000_75, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025,
  0.05, 0.1, 0.2, 0.5, 1,
];
/** Ten seconds to thirty days. */
const REMAINING_BUCKETS = [
  10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800, 2_592_000,
];

/** Stands for every argument that only a warrant names; a holder could delegate one with any name. */
const OTHER_ARGUMENT = "(other)";

/** What was decided for one tool, or before a tool was known. */
interface Tally {
  /** By reason; an allow has none. */
  readonly decisions: Readonly<Record<Verdict, Map<Reason | "", number>>>;
  /** By argument. */
  readonly violations: Map<string, number>;
}

/** @param now Unix seconds */
export function createDecisionMetrics(registry: MetricRegistry, now: () => number): DecisionMetrics {
  const tallies = new Map<string, Tally>();
  let overloaded = 0;
  registry.counter(
    {
      name: "tenuo_decisions_total",
      help: "Checks answered, by decision (allow, deny, would_deny), reason of the denial and tool; both empty where there is none",
      labels: ["decision", "reason", "tool"],
    },
    () => decisionSamples(tallies),
  );
  registry.counter(
    {
      name: "tenuo_constraint_violations_total",
      help: `Denials as constraint_violation, by tool and argument; ${OTHER_ARGUMENT} for arguments that gateway.yaml doesn't name`,
      labels: ["tool", "constraint"],
    },
    () => violationSamples(tallies),
  );
  registry.counter(
    { name: "tenuo_checks_overloaded_total", help: "Checks answered with the reason overloaded" },
    () => [[overloaded]],
  );
  const chains = { hit: 0, miss: 0 };
  registry.counter(
    {
      name: "tenuo_chain_cache_total",
      help: "Warrants of checks that could be read, by whether the same were proven before (hit) or not (miss)",
      labels: ["result"],
    },
    () => Object.entries(chains).map(([result, count]) => [count, result]),
  );
  const duration = registry.histogram(
    {
      name: "tenuo_check_duration_seconds",
      help: "Time from the arrival of a check until its answer is ready, waiting included",
    },
    DURATION_BUCKETS,
  );
  const remaining = registry.histogram(
    {
      name: "tenuo_warrant_remaining_seconds",
      help: "How long the warrant of an allowed call was still valid, at each allow",
    },
    REMAINING_BUCKETS,
  );

  return {
    count: ({ decision, receivedAt, answeredAt }, { policy }) => {
      duration((answeredAt - receivedAt) / 1000);
      const { tool = "", isChainKnown } = decision;
      if (isChainKnown !== undefined) chains[isChainKnown ? "hit" : "miss"]++;
      const tally = tallies.get(tool) ?? newTally();
      tallies.set(tool, tally);
      increment(tally.decisions[verdictOf(decision)], decision.allow ? "" : decision.reason);
      if (decision.allow) return remaining(Math.max(0, decision.expiresAt - now()));
      const { reason, field } = decision;
      if (reason === "overloaded") overloaded++;
      if (reason !== "constraint_violation") return;
      const isNamed = field !== undefined && policy.gateway.routes.tools.get(tool)?.has(field);
      increment(tally.violations, isNamed ? field : OTHER_ARGUMENT);
    },
    forget: ({ policy }) => {
      const { tools } = policy.gateway.routes;
      for (const tool of tallies.keys()) if (tool !== "" && !tools.has(tool)) tallies.delete(tool);
    },
  };
}

function newTally(): Tally {
  return {
    decisions: { allow: new Map(), deny: new Map(), would_deny: new Map() },
    violations: new Map(),
  };
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function* decisionSamples(tallies: ReadonlyMap<string, Tally>): Iterable<Sample> {
  for (const [tool, { decisions }] of tallies) {
    for (const [verdict, reasons] of Object.entries(decisions)) {
      for (const [reason, count] of reasons) yield [count, verdict, reason, tool];
    }
  }
}

function* violationSamples(tallies: ReadonlyMap<string, Tally>): Iterable<Sample> {
  for (const [tool, { violations }] of tallies) {
    for (const [argument, count] of violations) yield [count, tool, argument];
  }
}
