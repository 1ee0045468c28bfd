/**
 * Work that can be done in parts: it yields where other requests may have their turn, and returns its result. Whoever
 * runs it decides by the clock whether to go on at once, so yielding often costs little.
 */
export type Steps<Result> = Generator<void, Result, void>;

/** Does all of the work in one go, where nobody else waits for a turn. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
