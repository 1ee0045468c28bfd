import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type Finding, fault, type Progress } from "./engine.ts";
import { readFinding, writeFinding } from "./finding.ts";
import { TARGETS, targetNamed } from "./targets/index.ts";
import type { Assignment, Message } from "./worker.ts";

const HELP = `Usage: npm run fuzz -- [options]

Hostile bytes for every entrance of the service, from mutated examples; each outcome is held against what has to be true.

  --minutes N     for each target (default 1)
  --target NAME   only this one; may be given several times
  --seed S        0 to 4294967295 (default: a fresh one, printed)
  --jobs N        targets side by side (default: one a core)
  --replay FILE   run the input of a finding again
  --help

Targets: ${TARGETS.map(({ name }) => name).join(", ")}

Exit codes: 0 nothing found, 1 something found, 2 wrong usage.
`;

/** Beside this file and not under version control. */
const OUTPUT = fileURLToPath(new URL("out", import.meta.url));
/** Beyond it an input is taken to never end; the longest that may pass is a fraction of it. */
const HANG_MILLISECONDS = 30_000;
const REPORT_MILLISECONDS = 10_000;

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
  if (options.help) return print(HELP.trimEnd()) ?? 0;
  if (options.replay !== undefined) return replay(options.replay);
  print(`seed ${options.seed}`);
  const waiting = [...options.targets];
  const results: Result[] = [];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      results.push(await fuzzTarget(name, options));
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  for (const { name, progress, finding } of results) {
    print(`${name}: ${shown(progress)}${finding === undefined ? "" : ", 1 FINDING"}`);
  }
  return results.some(({ finding }) => finding !== undefined) ? 1 : 0;
}

interface Options {
  readonly help: boolean;
  readonly replay: string | undefined;
  readonly targets: readonly string[];
  readonly minutes: number;
  readonly seed: number;
  readonly jobs: number;
}

function readOptions(): Options {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    options: {
      ...{ minutes: text, seed: text, jobs: text, replay: text },
      ...{ target: { type: "string", multiple: true }, help: flag },
    },
  });
  const number = (name: "minutes" | "seed" | "jobs", otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (!(value >= 0)) throw new Error(`--${name} isn't a number`);
    return value;
  };
  return {
    help: values.help,
    replay: values.replay,
    targets: (values.target ?? TARGETS).map(
      (each) => (typeof each === "string" ? targetNamed(each) : each).name,
    ),
    minutes: number("minutes", 1),
    seed: number("seed", randomInt(2 ** 32)),
    jobs: Math.max(1, number("jobs", availableParallelism())),
  };
}

interface Result {
  readonly name: string;
  readonly progress: Shown;
  readonly finding: Finding | undefined;
}

interface Shown extends Progress {
  readonly milliseconds: number;
}

/** A thread for each, so that one which hangs or runs out of memory can be ended and its input told. */
function fuzzTarget(name: string, { minutes, seed }: Options): Promise<Result> {
  const current = new SharedArrayBuffer(8 + targetNamed(name).maxBytes);
  const view = new DataView(current);
  const assignment: Assignment = { target: name, seed, milliseconds: minutes * 60_000, current };
  const started = performance.now();
  let count = 0;
  let lastNew = started;
  let reported = started;
  let progress: Progress = {
    executions: 0,
    kept: 0,
    slowest: { milliseconds: 0, input: new Uint8Array() },
  };
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData: assignment });
  return new Promise((resolve) => {
    const finish = (finding?: Finding): void => {
      clearInterval(watch);
      void worker.terminate();
      if (finding !== undefined) report(finding);
      const result = { ...progress, milliseconds: performance.now() - started };
      save(`slowest-${name}.json`, {
        target: name,
        error: `${progress.slowest.milliseconds} ms`,
        input: progress.slowest.input,
      });
      resolve({ name, progress: result, finding });
    };
    const underWay = (error: string): Finding => {
      return { target: name, error, input: Uint8Array.from(new Uint8Array(current, 8, view.getUint32(4))) };
    };
    const watch = setInterval(() => {
      const now = performance.now();
      if (view.getUint32(0) !== count) [count, lastNew] = [view.getUint32(0), now];
      else if (now - lastNew > HANG_MILLISECONDS) finish(underWay("doesn't end"));
    }, 1000);
    worker.on("message", (message: Message) => {
      const now = performance.now();
      if ("finding" in message) finish(message.finding);
      else if ("done" in message) finish();
      else {
        progress = message.progress;
        if (now - reported < REPORT_MILLISECONDS) return;
        reported = now;
        print(`  ${name}: ${shown({ ...progress, milliseconds: now - started })}`);
      }
    });
    worker.on("error", (error) => finish(underWay(`ends its thread: ${error}`)));
  });
}

function shown({ executions, kept, slowest, milliseconds }: Shown): string {
  const rate = Math.round(executions / (milliseconds / 1000));
  return [
    `${executions} executions, ${rate}/s`,
    `${kept} kept`,
    `slowest ${slowest.milliseconds.toFixed(1)} ms (${slowest.input.length} bytes)`,
  ].join(", ");
}

function report(finding: Finding): void {
  const file = save(`${finding.target}-${Date.now()}.json`, finding);
  print(`\n${finding.target}: FOUND ${finding.error}\n  ${finding.input.length} bytes in ${file}`);
  print(`  again: npm run fuzz -- --replay ${file}`);
}

function save(name: string, finding: Finding): string {
  mkdirSync(OUTPUT, { recursive: true });
  const file = join(OUTPUT, name);
  writeFileSync(file, writeFinding(finding));
  return relative(process.cwd(), file);
}

function replay(file: string): number {
  const { target, input } = readFinding(file);
  const error = fault(targetNamed(target), input);
  print(`${target}: ${error ?? "holds"}`);
  return error === undefined ? 0 : 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
