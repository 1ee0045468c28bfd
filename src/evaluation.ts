import type { Steps } from "./steps.ts";

/**
 * Effort one request may take in judging constraints. A step is some 20 ns, so this is about 5 ms, in which no other
 * request is answered; ordinary warrants and arguments need a thousandth of it.
 */
export const MAX_EFFORT = 250_000;

/** Judging would take more effort than a request is worth. Thrown by {@link Evaluation.spend}, caught by {@link bounded}. */
export class TooCostly extends Error {
  override readonly name = "TooCostly";
}

/**
 * One judgement under way: the time it is made at, and the effort it may still take. A holder chooses both the
 * constraints it delegates and the arguments it sends, so whatever could grow beyond linear is counted here.
 */
export class Evaluation {
  readonly #now: number;
  #left: number;
  #isTimed = false;
  #made: Map<unknown, unknown> | undefined;

  constructor(now: number, effort: number = MAX_EFFORT) {
    this.#now = now;
    this.#left = effort;
  }

  /** Unix seconds. */
  get now(): number {
    this.#isTimed = true;
    return this.#now;
  }

  /** Whether anything asked for the time, so that the same judgement may come out otherwise at another. */
  get isTimed(): boolean {
    return this.#isTimed;
  }

  /** The effort it may still take. */
  get left(): number {
    return this.#left;
  }

  /**
   * Accounts for work that is about to be done, in steps of some 20 ns. How many a kind of work takes is measured; of
   * text that is only copied or compared, one step does 4 to 16 characters.
   *
   * @throws {TooCostly} when it is more than is left. No constraint catches it, so none can turn it into a match.
   */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooCostly();
  }

  /** What `make` makes, at the expense of this judgement the first time it is asked for. */
  once<Made>(make: (evaluation: Evaluation) => Made): Made {
    this.#made ??= new Map();
    const known = this.#made.get(make);
    if (known !== undefined || this.#made.has(make)) return known as Made;
    const made = make(this);
    this.#made.set(make, made);
    return made;
  }
}

/** What `judge` says, or `tooCostly` when it takes more effort than is left. */
export function* bounded<Verdict>(judge: Steps<Verdict>, tooCostly: Verdict): Steps<Verdict> {
  try {
    return yield* judge;
  } catch (error) {
    if (error instanceof TooCostly) return tooCostly;
    throw error;
  }
}

/** A value that is made when a judgement first asks, and lasts as long as the judgement. */
export function once<Made>(make: (evaluation: Evaluation) => Made): (evaluation: Evaluation) => Made {
  return (evaluation) => evaluation.once(make);
}

/** What is dearer to make isn't kept: it may be far larger than the text that it is made of. */
const MAX_KEPT_EFFORT = 400;

/** What something takes at most that is {@link kept}, in bytes: measured, some 30 for each step at the worst. */
export const KEPT_BYTES = 12_800;

/** The same, but the next judgement finds a small one made, and pays the same for it. */
export function kept<Made>(make: (evaluation: Evaluation) => Made): (evaluation: Evaluation) => Made {
  let known: { readonly made: Made; readonly effort: number } | undefined;
  return once((evaluation) => {
    if (known !== undefined) {
      evaluation.spend(known.effort);
      return known.made;
    }
    const { left } = evaluation;
    const made = make(evaluation);
    const effort = left - evaluation.left;
    if (effort <= MAX_KEPT_EFFORT) known = { made, effort };
    return made;
  });
}
