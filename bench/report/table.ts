/** A table of Markdown. @param numbers how many of the last columns are set to the right */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: number,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (i < head.length - numbers ? "---" : "---:"));
  return [line(head), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}
