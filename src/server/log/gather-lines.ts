/** How long a line waits for others to be written with, since each write costs as much as making ten lines. */
const GATHER_MS = 10;
/** Unless so much of them waits. */
const GATHER_CHARS = 32 * 1024;

/** Takes lines, and hands them on in blocks. */
export interface Gatherer {
  /** @returns false when the output has had more than it likes */
  readonly write: (lines: string) => boolean;
  /** Hands on what is left. */
  readonly flush: () => void;
}

export function gatherLines(output: { readonly write: (block: string) => boolean }): Gatherer {
  let block = "";
  let timer: NodeJS.Timeout | undefined;
  let isWilling = true;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (block === "") return;
    const lines = block;
    block = "";
    isWilling = output.write(lines);
  };
  return {
    write: (lines) => {
      block += lines;
      if (block.length >= GATHER_CHARS) flush();
      else if (timer === undefined) timer = setTimeout(flush, GATHER_MS);
      return isWilling;
    },
    flush,
  };
}
