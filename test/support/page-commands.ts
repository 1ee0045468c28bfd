import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { fencedBlocks } from "./fenced-blocks.ts";

const run = promisify(execFile);

/** The shell commands of a page, to be run as they stand, each block once. */
export interface PageCommands {
  /** Runs the next block under a heading. @returns its output */
  readonly next: (heading: string, env?: NodeJS.ProcessEnv, before?: string) => Promise<string>;
  /** Headings of blocks that nobody has run, each as often as it has any. */
  readonly left: () => readonly string[];
}

/** @param cwd where they run */
export function commandsOf(page: URL, cwd: string, env: NodeJS.ProcessEnv): PageCommands {
  const blocks = new Map<string, string[]>();
  for (const { heading, language, text } of fencedBlocks(readFileSync(page, "utf8")))
    if (language === "sh") blocks.set(heading, [...(blocks.get(heading) ?? []), text]);
  return {
    next: async (under, more = {}, before = "") => {
      const block = blocks.get(under)?.shift();
      if (block === undefined) throw new Error(`no block of commands under ${under} is left`);
      const script = `set -euo pipefail\n${before}\n${block}`;
      const { stdout } = await run("bash", ["-c", script], {
        cwd,
        env: { ...process.env, ...env, ...more },
        timeout: 120_000,
      });
      return stdout;
    },
    left: () => [...blocks].flatMap(([under, { length }]) => Array<string>(length).fill(under)),
  };
}
