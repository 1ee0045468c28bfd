import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { missing } from "../support/missing.ts";
import { startAuthorizerJudge } from "./authorizer-judge.ts";
import { type Comparison, compare, faultsOf, isCritical, type Judges } from "./compare.ts";
import { generateCase } from "./generate.ts";
import { minimize } from "./minimize.ts";
import { createOurJudge, readRevocationList } from "./our-judge.ts";
import { count, describe, newTally, summarize } from "./report.ts";
import { startSdkJudge } from "./sdk-judge.ts";

const HELP = `Usage: npm run test:conformance [-- options]

Random chains, constraints, arguments and tampering, minted by the published Python SDK and by hand, judged by its
Authorizer, by tenuo-authorizer 0.3.5 where that is on PATH, and by this repository.

  --cases N   how many (default 2000)
  --seed S    0 to 4294967295 (default: a fresh one, printed)
  --case I    only case number I of that seed
  --help

Exit codes: 0 every difference is a deliberate one, 1 some isn't, 2 wrong usage.
`;

/** Small enough that a proof is still fresh when the last case of a batch is judged. */
const BATCH = 250;
/** Further ones are counted; most are the first again. */
const MAX_SHOWN = 10;

interface Options {
  readonly cases: number;
  readonly seed: number;
  readonly only: number | undefined;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  process.stdout.write(`seed ${options.seed}\n`);
  const judges = await startJudges();
  if (judges === undefined) return 0;
  try {
    return await run(options, judges);
  } finally {
    await Promise.all([judges.sdk.stop(), judges.authorizer?.stop()]);
  }
}

/** @returns undefined when help is asked for, a text when the options are wrong */
function readOptions(): Options | string | undefined {
  const number = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: { cases: number, seed: number, case: number, help: { type: "boolean" } },
    });
    if (values.help === true) return undefined;
    return {
      cases: wholeNumber("cases", values.cases) ?? 2000,
      seed: wholeNumber("seed", values.seed) ?? randomInt(2 ** 32),
      only: wholeNumber("case", values.case),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,10}$/.test(text) || Number(text) >= 2 ** 32)
    throw new Error(`--${name} isn't a whole number: ${text}`);
  return Number(text);
}

/** @returns undefined when there is nobody to compare with */
async function startJudges(): Promise<Judges | undefined> {
  const sdk = await startSdkJudge().catch((error: unknown) => missing("the published Python SDK", error));
  if (typeof sdk === "string") {
    process.stdout.write(`${sdk}\n`);
    return undefined;
  }
  try {
    const authorizer = await startAuthorizerJudge(sdk.revocationList);
    if (authorizer === undefined) {
      process.stdout.write("tenuo-authorizer isn't on PATH, so 0.3.5 isn't asked (see CONTRIBUTING.md)\n");
    }
    return { ours: createOurJudge(readRevocationList(sdk.revocationList)), sdk, authorizer };
  } catch (error) {
    await sdk.stop();
    throw error;
  }
}

async function run({ cases, seed, only }: Options, judges: Judges): Promise<number> {
  const started = performance.now();
  const first = only ?? 0;
  const end = only === undefined ? cases : only + 1;
  const tally = newTally();
  const faults: Comparison[] = [];
  for (let at = first; at < end; at += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, end - at) }, (_, i) => at + i);
    const specs = indexes.map((index) => generateCase(seed, index));
    for (const comparison of await compare(judges, specs)) {
      count(tally, comparison);
      if (faultsOf(comparison).length > 0) faults.push(comparison);
      else if (only !== undefined) process.stdout.write(describe(comparison));
    }
    process.stderr.write(`\r${tally.cases} of ${end - first} cases`);
  }
  process.stderr.write("\n");
  const gravestFirst = faults.toSorted((a, b) => Number(isCritical(b)) - Number(isCritical(a)));
  for (const fault of gravestFirst.slice(0, MAX_SHOWN)) {
    process.stdout.write(describe(await minimized(judges, fault)));
  }
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(summarize(tally, { seed, seconds, faults: faults.length }));
  return faults.length === 0 ? 0 : 1;
}

/** The smallest case in which the first fault of this one is still there. */
async function minimized(judges: Judges, found: Comparison): Promise<Comparison> {
  const [fault] = faultsOf(found);
  let smallest = found;
  await minimize(found.spec, async (spec) => {
    const [comparison] = await compare(judges, [spec]);
    if (comparison === undefined) return false;
    const persists = faultsOf(comparison).some(({ judge, we }) => judge === fault?.judge && we === fault.we);
    if (persists) smallest = comparison;
    return persists;
  });
  return smallest;
}
