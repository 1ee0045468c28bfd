type Cell = string | number | undefined;

/** A table; cells without a value are a dash. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, head.map(() => "---"), ...rows.map((row) => row.map(toCell))]
    .map((cells) => `| ${cells.join(" | ")} |\n`)
    .join("");
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");
}

/** A bar ends a cell, also within a code span. */
function toCell(cell: Cell): string {
  return cell === undefined || cell === "" ? "–" : String(cell).replaceAll("|", "\\|").replaceAll("\n", " ");
}
