import type { Readable } from "node:stream";

/** Where lines go; it takes all, and says when it has more than it likes. */
interface Output {
  readonly write: (lines: string) => boolean;
  readonly once: (event: "drain", listener: () => void) => unknown;
}

/**
 * Writes the lines that come by a stream, as they are and whole: a rest without an end is left out. While the output has
 * enough, it is the other end that has to wait.
 */
export function forwardLines(from: Readable, to: Output): void {
  let rest = "";
  from.setEncoding("utf8").on("data", (text: string) => {
    const end = text.lastIndexOf("\n") + 1;
    const lines = end === 0 ? "" : rest + text.slice(0, end);
    rest = end === 0 ? rest + text : text.slice(end);
    if (lines === "" || to.write(lines)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
}
