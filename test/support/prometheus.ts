import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { freePort } from "./free-port.ts";
import { missing } from "./missing.ts";
import { startProgram } from "./program.ts";
import { waitFor } from "./wait.ts";

/** Why Prometheus' own programs can't be asked; undefined where they can. Debian's package has both. */
export const prometheusMissing: string | undefined = lookForPrometheus();

function lookForPrometheus(): string | undefined {
  try {
    for (const program of ["prometheus", "promtool"]) execFileSync(program, ["--version"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return missing("Prometheus, which the Debian package `prometheus` brings", error);
  }
}

export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

/** Runs promtool. @param input what it reads from stdin */
export function promtool(args: readonly string[], input = ""): Said {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

/** Hands content to promtool as a file; JSON is YAML too. */
export function promtoolOn(args: readonly string[], files: Readonly<Record<string, string | object>>): Said {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-promtool-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(
        join(folder, name),
        typeof content === "string" ? content : JSON.stringify(content, undefined, 1),
      );
    }
    return promtool(args.map((arg) => (arg in files ? join(folder, arg) : arg)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One series of an answer. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Of Prometheus' HTTP API. */
interface Answer {
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [time: number, text: string];
    }[];
  };
}

export interface Prometheus {
  /** What an instant query finds now. */
  readonly query: (expr: string) => Promise<readonly Series[]>;
}

/** Scrapes a health port of loopback each second; ends with the test. @param rules a file of rules */
export async function startPrometheus(t: TestContext, target: number, rules: object): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-prometheus-"));
  const port = await freePort();
  const config = join(folder, "prometheus.yml");
  writeFileSync(join(folder, "rules.yml"), JSON.stringify(rules));
  const labels = { namespace: "test" };
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yml"],
      scrape_configs: [
        { job_name: "checks", static_configs: [{ targets: [`127.0.0.1:${target}`], labels }] },
      ],
    }),
  );
  const program = startProgram("prometheus", [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  t.after(async () => {
    await program.stop();
    rmSync(folder, { recursive: true });
  });
  const query = async (expr: string): Promise<readonly Series[]> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`;
    const answer = (await (await fetch(url)).json()) as Answer;
    if (answer.data === undefined) throw new Error(`${expr}: ${answer.error}`);
    return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  await waitFor("Prometheus scrapes the service", async () => {
    if (program.ended()) throw new Error(program.output());
    return (await query("up == 1")).length === 1 || undefined;
  });
  return { query };
}
