import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import type { Value } from "../../value.ts";

/**
 * Outcome of holding an argument against a constraint. `error` (the constraint can't be evaluated) and `unknown`
 * (its kind isn't known here) deny like `no_match`, but `Not` doesn't turn them around and they end an `Any`.
 */
export type Outcome = "match" | "no_match" | "error" | "unknown";

/**
 * The arguments a constraint can't be evaluated on: exactly the texts that aren't an IP address, or exactly those that
 * aren't a URL. `anything` says nothing of which they are.
 */
export type FailsOn = "nothing" | "non_addresses" | "non_urls" | "anything";

/** One constraint of a warrant, compiled. */
export interface Constraint {
  /** Name of the kind, as in the Tenuo documents: `Pattern`, `OneOf` … */
  readonly kind: string;
  /** Type number on the wire (wire format §6). */
  readonly type: number;
  /** @throws {TooCostly} as {@link matches} */
  failsOn(evaluation: Evaluation): FailsOn;
  /** @throws {TooCostly} when it would take more effort than is left. */
  matches(argument: Value, evaluation: Evaluation): Outcome;
  /**
   * Whether everything `child` matches is matched here too; false also when that can't be told.
   *
   * @throws {TooCostly} as {@link matches}
   */
  permits(child: Constraint, evaluation: Evaluation): boolean;
  /** One line for people: `Pattern(/data/*)`. */
  describe(): string;
  /** The value beside the type number on the wire. */
  toCbor(): CborValue;
}

export function outcome(matches: boolean): Outcome {
  return matches ? "match" : "no_match";
}

export function isFault(result: Outcome): result is "error" | "unknown" {
  return result === "error" || result === "unknown";
}
