import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Arm, Missing } from "./arms/arm.ts";
import { allArms } from "./arms/index.ts";
import { demandBuild } from "./arms/own.ts";
import { type Contender, startContender } from "./contender.ts";
import { type BenchEnvoy, startEnvoy } from "./envoy.ts";
import { demandFigures } from "./figures.ts";
import { verificationMicroseconds } from "./measure/verification.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { armTable } from "./report/arm-table.ts";
import { goalTable } from "./report/goal-table.ts";
import { goalsOf } from "./report/goals.ts";
import { machineOf } from "./report/machine.ts";
import { picture } from "./report/picture.ts";
import { progressLine } from "./report/progress.ts";
import { type Results, resultsText } from "./report/results.ts";
import { playRound } from "./round.ts";

// Compares arms through one Envoy and without it; README.md says how to read what comes out.

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

async function run(options: Options): Promise<void> {
  demandBuild();
  const all = chosen(allArms(), options.arms);
  const missing = all.filter((each): each is Missing => "why" in each);
  for (const { name, why } of missing) tell(`without ${name}: ${why}`);
  const folder = mkdtempSync(join(tmpdir(), "tenuo-bench-"));
  const contenders: Contender[] = [];
  let envoy: BenchEnvoy | undefined;
  try {
    for (const arm of all) if (!("why" in arm)) contenders.push(await startContender(arm, folder));
    envoy = await startEnvoy(
      contenders.map(({ arm: { protocol }, gatePort: port, authorizerPort }) => ({
        port,
        protocol,
        authorizerPort,
      })),
      folder,
      options.envoyThreads,
    );
    const verifications = await playRounds(contenders, envoy.pid, options);
    report(options, {
      ...resultsOf(contenders, verifications, options),
      machine: machineOf(envoy.version),
      missing,
    });
  } finally {
    await Promise.all([...contenders.map(({ started }) => started.stop()), envoy?.stop()]);
    rmSync(folder, { recursive: true });
  }
}

/** @returns microseconds of one verification, before each arm of each round */
async function playRounds(
  contenders: readonly Contender[],
  envoy: number,
  options: Options,
): Promise<number[]> {
  const verifications: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const contender of rotated(contenders, round)) {
      verifications.push(verificationMicroseconds());
      const figures = await playRound(contender, envoy, options);
      demandFigures(contender.arm.name, figures);
      contender.rounds.push(figures);
      tell(`round ${round + 1}/${options.rounds}  ${progressLine(contender.arm.name, figures)}`);
    }
  }
  return verifications;
}

function resultsOf(
  contenders: readonly Contender[],
  verifications: readonly number[],
  { rounds, seconds, connections, envoyThreads }: Options,
): Omit<Results, "machine" | "missing"> {
  const arms = contenders.map(({ arm: { name, about }, startMs, idle, rounds }) => ({
    ...{ name, about, startMs, idle, rounds },
  }));
  return {
    date: new Date().toISOString().slice(0, 10),
    options: { rounds, seconds, connections, envoyThreads },
    verifications,
    goals: goalsOf(arms, verifications),
    arms,
  };
}

function report({ json, svg, tellsGoals }: Options, results: Results): void {
  if (tellsGoals) process.stdout.write(`${goalTable(results)}\n\n`);
  process.stdout.write(`${armTable(results.arms)}\n`);
  for (const file of [json, svg]) if (file !== undefined) mkdirSync(dirname(file), { recursive: true });
  if (json !== undefined) writeFileSync(json, resultsText(results));
  if (svg !== undefined) writeFileSync(svg, picture(results));
}

/** @throws {Error} where there is no such arm. */
function chosen(
  all: readonly (Arm | Missing)[],
  names: readonly string[] | undefined,
): readonly (Arm | Missing)[] {
  if (names === undefined) return all;
  const unknown = names.filter((name) => all.every((arm) => arm.name !== name));
  if (unknown.length === 0) return all.filter(({ name }) => names.includes(name));
  throw new Error(
    `no arm is called ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}`,
  );
}

/** Another order each round, so that none is always behind the same. */
function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const at = by % Math.max(1, items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  tell(`${(error as Error).message}\n${USAGE}`);
  process.exitCode = 2;
}
if (options !== undefined) await run(options);
