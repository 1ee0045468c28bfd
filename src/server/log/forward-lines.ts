import type { EventEmitter } from "node:events";
import type { Readable } from "node:stream";

/** Where lines go; it takes all, and says when it has more than it likes, and by `drain` when it wants more. */
interface Output {
  readonly write: (lines: string) => boolean;
  readonly events: EventEmitter;
}

/** How long to wait for an output that has enough. */
const PATIENCE_MS = 1_000;

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
    const resume = (): void => {
      clearTimeout(anyway);
      to.events.off("drain", resume);
      from.resume();
    };
    // After an error of the disk the output tells of nothing until somebody writes again.
    const anyway = setTimeout(resume, PATIENCE_MS).unref();
    to.events.once("drain", resume);
  });
}
