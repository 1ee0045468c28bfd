import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { regex as rustRegex } from "../../regex/regex.ts";
import type { Value } from "../../value.ts";
import { asStruct, asText } from "../malformed.ts";
import { type Constraint, type Outcome, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";

/** A regular expression found somewhere in text. An invalid one decodes, and then can't be evaluated. */
export interface Regex extends Constraint {
  readonly kind: "Regex";
  readonly pattern: string;
}

export function regex(text: string): Regex {
  const compiled = rustRegex(text);

  const matches = (argument: Value, evaluation: Evaluation): Outcome => {
    if (typeof argument !== "string") return compiled.isValid(evaluation) ? "no_match" : "error";
    const isFound = compiled.isFoundIn(argument, evaluation);
    return isFound === undefined ? "error" : outcome(isFound);
  };

  return Object.freeze({
    kind: "Regex",
    type: 5,
    failsOn: (evaluation: Evaluation) => (compiled.isValid(evaluation) ? "nothing" : "anything"),
    pattern: text,
    matches,
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (isExact(child)) return matches(child.value, evaluation) === "match";
      // Whether one expression narrows another can't be told from their texts (constraints §5.2).
      return isRegex(child) && child.pattern === text;
    },
    describe: () => `Regex(${text})`,
    toCbor: () => new Map([["pattern", text]]),
  });
}

function isRegex(constraint: Constraint): constraint is Regex {
  return constraint.kind === "Regex";
}

export function parseRegex(value: CborValue): Regex {
  return regex(asText(asStruct(value, "a Regex", ["pattern"]).pattern, "`pattern` of a Regex"));
}
