import type { CborValue } from "../../cbor/value.ts";
import { type Evaluation, once } from "../../evaluation.ts";
import type { Value } from "../../value.ts";
import { asStruct, asText } from "../malformed.ts";
import { type Constraint, type Outcome, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { compileGlob, matchesGlob } from "./glob.ts";

/** A glob over text. An invalid one decodes, and then can't be evaluated. */
export interface Pattern extends Constraint {
  readonly kind: "Pattern";
  readonly pattern: string;
  readonly shape: Shape;
}

/** Where the one `*` of a pattern stands; `exact` has none, `complex` more, or one inside. */
type Shape = "exact" | "prefix" | "suffix" | "complex";

export function pattern(text: string): Pattern {
  const glob = once((evaluation) => compileGlob(text, evaluation));
  const shape = shapeOf(text);

  const matches = (argument: Value, evaluation: Evaluation): Outcome => {
    const compiled = glob(evaluation);
    if (compiled === undefined) return "error";
    return outcome(typeof argument === "string" && matchesGlob(compiled, argument, evaluation));
  };

  return Object.freeze({
    kind: "Pattern",
    type: 2,
    failsOn: (evaluation: Evaluation) => (glob(evaluation) === undefined ? "anything" : "nothing"),
    pattern: text,
    shape,
    matches,
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (isExact(child)) return matches(child.value, evaluation) === "match";
      if (!isPattern(child)) return false;
      if (child.pattern === text) return true;
      return glob(evaluation) !== undefined && isNarrower(child, { text, shape }, evaluation);
    },
    describe: () => `Pattern(${text})`,
    toCbor: () => new Map([["pattern", text]]),
  });
}

function isPattern(constraint: Constraint): constraint is Pattern {
  return constraint.kind === "Pattern";
}

/**
 * Narrowing told from the texts: one `*` at an end of the parent, which is valid, and whose fixed part the child starts
 * or ends with. Where the child ends with it, what stands before must be whole: `*[ab]` doesn't narrow `*b]`.
 */
function isNarrower(
  child: Pattern,
  parent: { readonly text: string; readonly shape: Shape },
  evaluation: Evaluation,
): boolean {
  if (child.shape !== parent.shape && child.shape !== "exact") return false;
  evaluation.spend(parent.text.length / COMPARED_PER_STEP);
  if (parent.shape === "prefix") return child.pattern.startsWith(parent.text.slice(0, -1));
  const end = parent.text.slice(1);
  if (parent.shape !== "suffix" || !child.pattern.endsWith(end)) return false;
  return compileGlob(child.pattern.slice(0, -end.length), evaluation) !== undefined;
}

/** Characters of two patterns that are compared in one step. */
const COMPARED_PER_STEP = 10;

function shapeOf(text: string): Shape {
  const first = text.indexOf("*");
  if (first === -1) return "exact";
  if (first === text.length - 1) return "prefix";
  return first === 0 && text.lastIndexOf("*") === 0 ? "suffix" : "complex";
}

export function parsePattern(value: CborValue): Pattern {
  return pattern(asText(asStruct(value, "a Pattern", ["pattern"]).pattern, "`pattern` of a Pattern"));
}
