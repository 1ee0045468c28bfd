import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../test/support/free-port.ts";
import { residentBytes } from "../test/support/resident.ts";
import type { Arm, Missing } from "./arms/arm.ts";
import { allArms } from "./arms/index.ts";
import { demandBuild } from "./arms/own.ts";
import { type Contender, playRound } from "./contender.ts";
import { startEnvoy } from "./envoy.ts";
import { verificationMicroseconds } from "./measure/verification.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { armTable } from "./report/arm-table.ts";
import { goalTable } from "./report/goal-table.ts";
import { goalsOf } from "./report/goals.ts";

// Compares arms through one Envoy and without it; README.md says how to read what comes out.

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

async function run(options: Options): Promise<void> {
  demandBuild();
  const arms = chosen(allArms(), options.arms);
  const folder = mkdtempSync(join(tmpdir(), "tenuo-bench-"));
  const contenders: Contender[] = [];
  let stopEnvoy = async (): Promise<void> => {};
  try {
    for (const arm of arms) contenders.push(await start(arm, folder));
    const gates = contenders.map(({ arm, gatePort, authorizerPort }) => ({
      port: gatePort,
      protocol: arm.protocol,
      authorizerPort,
    }));
    const envoy = await startEnvoy(gates, folder, options.envoyThreads);
    stopEnvoy = envoy.stop;
    const verifications: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      for (const contender of rotated(contenders, round)) {
        verifications.push(verificationMicroseconds());
        const figures = await playRound(contender, envoy.pid, options);
        contender.rounds.push(figures);
        const { full, alone, fixed } = figures;
        tell(
          `round ${round + 1}/${options.rounds}  ${contender.arm.name.padEnd(20)} ` +
            `cpu ${full.cpu.toFixed(0)} µs  ${full.perSecond.toFixed(0)}/s  ` +
            `alone ${alone.p50.toFixed(0)} µs  p99 at 70 % ${(fixed.p99 / 1000).toFixed(1)} ms`,
        );
      }
    }
    const figures = contenders.map(({ arm: { name, about }, idle, rounds }) => ({
      name,
      about,
      idle,
      rounds,
    }));
    process.stdout.write(`${goalTable(goalsOf(figures, verifications))}\n\n${armTable(figures)}\n`);
  } finally {
    await Promise.all([...contenders.map(({ started }) => started.stop()), stopEnvoy()]);
    rmSync(folder, { recursive: true });
  }
}

function chosen(all: readonly (Arm | Missing)[], names: readonly string[] | undefined): readonly Arm[] {
  const unknown = names?.filter((name) => all.every((arm) => arm.name !== name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(
      `no arm is called ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}`,
    );
  }
  return all
    .filter(({ name }) => names === undefined || names.includes(name))
    .flatMap((arm) => {
      if (!("why" in arm)) return [arm];
      tell(`without ${arm.name}: ${arm.why}`);
      return [];
    });
}

async function start(arm: Arm, folder: string): Promise<Contender> {
  const [authorizerPort, gatePort] = [await freePort(), await freePort()];
  const started = await arm.start(authorizerPort, folder);
  const idle = started.pid === undefined ? 0 : residentBytes(started.pid);
  return { arm, started, authorizerPort, gatePort, idle, rounds: [] };
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
