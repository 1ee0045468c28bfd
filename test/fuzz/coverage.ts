import { Session } from "node:inspector";

/** Which places of the code have run, as V8 counts them. */
export interface Coverage {
  /** Places that ran since the last call, and never before. They stay new until {@link Coverage.keep} is told. */
  readonly fresh: () => readonly Place[];
  readonly keep: (places: readonly Place[]) => void;
  /** Characters of source that ran. */
  readonly size: () => number;
}

/** A character of a script that has run. */
export interface Place {
  readonly script: string;
  readonly at: number;
}

/**
 * Counts in this thread from now on, and only in what is compiled from now on: to be started before the code is
 * imported. A question takes some milliseconds, counting next to nothing.
 */
export function startCoverage(isMeasured: (url: string) => boolean): Coverage {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  const known = new Map<string, Uint8Array>();
  let size = 0;
  return {
    fresh: () => {
      const fresh: Place[] = [];
      session.post("Profiler.takePreciseCoverage", (error, taken) => {
        if (error !== null) throw new Error(error.message);
        for (const { url, functions } of taken.result) {
          if (!isMeasured(url)) continue;
          const ranges = functions.flatMap((each) => each.ranges);
          const length = Math.max(...ranges.map((range) => range.endOffset));
          // Functions and their blocks come outermost first, so the last one over a place is the one that counts.
          const ran = new Uint8Array(length);
          for (const { startOffset, endOffset, count } of ranges)
            ran.fill(Math.min(count, 1), startOffset, endOffset);
          const before = known.get(url);
          for (let at = ran.indexOf(1); at >= 0; at = ran.indexOf(1, at + 1))
            if (before?.[at] !== 1) fresh.push({ script: url, at });
        }
      });
      return fresh;
    },
    keep: (places) => {
      for (const { script, at } of places) {
        let marks = known.get(script);
        if (marks === undefined || at >= marks.length) {
          const longer = new Uint8Array(2 * (at + 1));
          longer.set(marks ?? []);
          marks = longer;
          known.set(script, longer);
        }
        if (marks[at] === 0) size++;
        marks[at] = 1;
      }
    },
    size: () => size,
  };
}
