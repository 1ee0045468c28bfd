import type { CborValue } from "../../cbor/value.ts";
import type { Value } from "../../value.ts";
import { asStruct, asText } from "../malformed.ts";
import { type Constraint, type Outcome, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { compileGlob, matchesGlob } from "./glob.ts";

/** A glob over text. An invalid one decodes, and then can't be evaluated; nor can one that would take too long. */
export interface Pattern extends Constraint {
  readonly kind: "Pattern";
  readonly pattern: string;
}

export function pattern(text: string): Pattern {
  const glob = compileGlob(text);

  const matches = (argument: Value): Outcome => {
    if (glob === undefined) return "error";
    if (typeof argument !== "string") return "no_match";
    const found = matchesGlob(glob, argument);
    return found === undefined ? "error" : outcome(found);
  };

  return Object.freeze({
    kind: "Pattern",
    type: 2,
    size: 1,
    canFail: glob === undefined,
    pattern: text,
    matches,
    permits: (child: Constraint) => {
      if (isExact(child)) return matches(child.value) === "match";
      return (
        isPattern(child) &&
        (child.pattern === text || (glob !== undefined && isNarrower(child.pattern, text)))
      );
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
function isNarrower(child: string, parent: string): boolean {
  const shape = shapeOf(parent);
  const childShape = shapeOf(child);
  if (childShape !== shape && childShape !== "exact") return false;
  if (shape === "prefix") return child.startsWith(parent.slice(0, -1));
  const end = parent.slice(1);
  return shape === "suffix" && child.endsWith(end) && compileGlob(child.slice(0, -end.length)) !== undefined;
}

function shapeOf(text: string): "exact" | "prefix" | "suffix" | "complex" {
  const stars = text.split("*").length - 1;
  if (stars === 0) return "exact";
  if (stars > 1) return "complex";
  if (text.endsWith("*")) return "prefix";
  return text.startsWith("*") ? "suffix" : "complex";
}

export function parsePattern(value: CborValue): Pattern {
  return pattern(asText(asStruct(value, "a Pattern", ["pattern"]).pattern, "`pattern` of a Pattern"));
}
