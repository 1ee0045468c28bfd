/** One fault in a configuration file, at the place where it can be mended. */
export interface ConfigProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units. */
  readonly column: number;
  /** Lower case, no full stop, text of the file in backticks. */
  readonly message: string;
  /**
   * The line, cut around the column when long, and keys in hex but for their beginning. Here and in the message control
   * characters are made blanks.
   */
  readonly excerpt: string;
  /** Where in the excerpt the column lies, counted from 0. */
  readonly caret: number;
}

/** Longest excerpt in characters: one line of a wide terminal. */
const EXCERPT_MAX = 120;

/** Prints `file:line:column: message`, the line, and a caret under the place. */
export function formatProblem(problem: ConfigProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  return `${place}\n  ${problem.excerpt}\n  ${" ".repeat(problem.caret)}^`;
}

export function problemAt(
  place: { readonly file: string; readonly line: number; readonly column: number; readonly text: string },
  message: string,
): ConfigProblem {
  const { file, line, column, text } = place;
  const start = text.length <= EXCERPT_MAX ? 0 : Math.max(0, column - 1 - EXCERPT_MAX / 2);
  const excerpt = printable(withoutKeys(text).slice(start, start + EXCERPT_MAX));
  const caret = Math.min(column - 1 - start, excerpt.length);
  return Object.freeze({ file, line, column, message: printable(message), excerpt, caret });
}

/** A key where a public one is due may be a private one, and errors land in logs. */
function withoutKeys(text: string): string {
  return text.replaceAll(/[0-9A-Fa-f]{32,}/g, (key) => key.slice(0, 4).padEnd(key.length, "…"));
}

/** A file may come from someone else: what it holds must not steer the terminal it is printed on. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, " ");
}
