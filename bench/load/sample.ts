import { type Answer, answerText, isSame } from "./answer.ts";

/** What a stretch of load gave. */
export interface Sample {
  readonly seconds: number;
  /** Microseconds of each request that was judged, shortest first. */
  readonly latencies: Float64Array;
  /** Requests that were turned away unjudged, as a service does that gets too little of the processor. */
  readonly shed: number;
}

/** A wrong verdict: nothing that was measured with it counts. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
}

const SHED: Answer = { status: 503, reason: "overloaded" };

export function isShed(answer: Answer): boolean {
  return isSame(answer, SHED);
}

/** Collects what requests got. */
export interface Collector {
  /** How many were answered. */
  readonly answered: () => number;
  /** @throws {WrongAnswer} where it is neither the expected answer nor {@link isShed}. */
  readonly take: (answer: Answer | Error, milliseconds: number) => void;
  readonly sample: (seconds: number) => Sample;
}

/** @param atMost how many requests there may be */
export function collect(expected: Answer, atMost: number): Collector {
  const latencies = new Float64Array(atMost);
  let judged = 0;
  let shed = 0;
  return {
    answered: () => judged + shed,
    take: (answer, milliseconds) => {
      if (answer instanceof Error) throw new WrongAnswer(`no answer: ${answer.message}`);
      if (isSame(answer, expected)) latencies[judged++] = milliseconds * 1000;
      else if (isShed(answer)) shed++;
      else throw new WrongAnswer(`answered ${answerText(answer)} in place of ${answerText(expected)}`);
    },
    sample: (seconds) => ({ seconds, shed, latencies: latencies.subarray(0, judged).sort() }),
  };
}
