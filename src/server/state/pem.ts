/** One `BEGIN … END` of a PEM file (RFC 7468). */
export interface PemBlock {
  /** What it says it is, as `CERTIFICATE`. */
  readonly label: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** With its first and its last line. */
  readonly text: string;
}

/** The blocks of a PEM file; what stands between them is skipped, as people put names there. */
export function readPem(
  text: string,
): { readonly blocks: readonly PemBlock[] } | { readonly line: number; readonly fault: string } {
  const lines = text.split(/\r?\n/);
  const blocks: PemBlock[] = [];
  let begun: { readonly label: string; readonly index: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const [, edge, label = ""] = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----\s*$/.exec(line) ?? [];
    if (edge === undefined) continue;
    if ((edge === "END") !== (begun?.label === label))
      return { line: index + 1, fault: `\`${edge} ${label}\` where another line is due` };
    if (begun === undefined) {
      begun = { label, index };
      continue;
    }
    const block = lines.slice(begun.index, index + 1).join("\n");
    blocks.push({ label, line: begun.index + 1, text: `${block}\n` });
    begun = undefined;
  }
  if (begun !== undefined) return { line: begun.index + 1, fault: `\`BEGIN ${begun.label}\` without an end` };
  return { blocks };
}
