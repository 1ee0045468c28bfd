import { fencedBlocks } from "./fenced-blocks.ts";

/** A command of a page, and what the page says it prints. */
export interface ShellBlock {
  readonly command: string;
  /** Of standard output, with `…` for what differs from run to run; undefined where the page shows none. */
  readonly output: string | undefined;
}

/** The blocks marked `sh` of a page in Markdown, in order, each with the block marked `text` that comes next. */
export function shellBlocks(markdown: string): readonly ShellBlock[] {
  return fencedBlocks(markdown).flatMap(({ language, text: command }, i, all) => {
    const next = all[i + 1];
    const output = next?.language === "text" ? next.text : undefined;
    return language === "sh" ? [{ command, output }] : [];
  });
}

/** Whether this was printed. `…` stands for anything in a line, and alone in a line for any lines. */
export function isAsShown(printed: string, shown: string): boolean {
  return areAsShown(linesOf(printed), linesOf(shown));
}

function areAsShown(printed: readonly string[], [shown, ...more]: readonly string[]): boolean {
  const [line, ...rest] = printed;
  if (shown === undefined) return line === undefined;
  if (shown === "…" && areAsShown(printed, more)) return true;
  if (line === undefined) return false;
  if (shown === "…") return areAsShown(rest, [shown, ...more]);
  const pattern = new RegExp(`^${shown.split("…").map(RegExp.escape).join(".*")}$`);
  return pattern.test(line) && areAsShown(rest, more);
}

function linesOf(text: string): readonly string[] {
  return text.replaceAll("\r\n", "\n").trimEnd().split("\n");
}
