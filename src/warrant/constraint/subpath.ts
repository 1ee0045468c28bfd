import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { isList, type Value } from "../../value.ts";
import { asBoolean, asStruct, asText } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { normalizePath } from "./path.ts";
import { isSubset } from "./subset.ts";

/** A path below the root, or a list of such paths. The root is taken as it is written, the path in its one spelling. */
export interface Subpath extends Constraint {
  readonly kind: "Subpath";
  readonly root: string;
  readonly caseSensitive: boolean;
  readonly allowEqual: boolean;
}

export interface SubpathOptions {
  /** True unless said otherwise; if not, small letters are compared, and a root with capitals contains nothing. */
  readonly caseSensitive?: boolean;
  /** Whether the root itself matches; true unless said otherwise. The root `/` always does. */
  readonly allowEqual?: boolean;
}

export function subpath(root: string, options: SubpathOptions = {}): Subpath {
  const { caseSensitive = true, allowEqual = true } = options;
  const inside = `${withoutTrailingSlashes(root)}/`;

  const contains = (path: Value, evaluation: Evaluation): boolean => {
    if (typeof path !== "string") return false;
    evaluation.spend(1 + CHARACTER_EFFORT * path.length);
    const normal = normalizePath(path);
    if (normal === undefined) return false;
    const compared = caseSensitive ? normal : normal.toLowerCase();
    return (allowEqual && compared === root) || compared.startsWith(inside);
  };
  const containsAll = (paths: readonly Value[], evaluation: Evaluation): boolean =>
    paths.every((path) => contains(path, evaluation));
  const matches = (argument: Value, evaluation: Evaluation): boolean =>
    isList(argument) ? containsAll(argument, evaluation) : contains(argument, evaluation);

  return Object.freeze({
    kind: "Subpath",
    type: 17,
    failsOn: () => "nothing",
    root,
    caseSensitive,
    allowEqual,
    matches: (argument: Value, evaluation: Evaluation) => outcome(matches(argument, evaluation)),
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (isExact(child)) return matches(child.value, evaluation);
      if (isSubset(child)) return containsAll(child.list.values, evaluation);
      if (!isSubpath(child) || (caseSensitive && !child.caseSensitive)) return false;
      // So a root that may not match itself can't be handed on (constraints §5.2).
      return (allowEqual || !child.allowEqual) && contains(child.root, evaluation);
    },
    describe: () => {
      const flags = `${caseSensitive ? "" : ", case_sensitive=false"}${allowEqual ? "" : ", allow_equal=false"}`;
      return `Subpath(${root}${flags})`;
    },
    toCbor: () =>
      new Map<string, CborValue>([
        ["root", root],
        ["case_sensitive", caseSensitive],
        ["allow_equal", allowEqual],
      ]),
  });
}

/** Steps for each character of a path: nearly all of it is taking one apart that has many short segments. */
const CHARACTER_EFFORT = 2;

function isSubpath(constraint: Constraint): constraint is Subpath {
  return constraint.kind === "Subpath";
}

function withoutTrailingSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === "/") end--;
  return text.slice(0, end);
}

export function parseSubpath(value: CborValue): Subpath {
  const members = asStruct(value, "a Subpath", ["root"], ["case_sensitive", "allow_equal"]);
  return subpath(asText(members.root, "`root` of a Subpath"), {
    caseSensitive: asFlag(members, "case_sensitive"),
    allowEqual: asFlag(members, "allow_equal"),
  });
}

type Flag = "case_sensitive" | "allow_equal";

function asFlag(members: { readonly [K in Flag]?: CborValue }, name: Flag): boolean {
  return !(name in members) || asBoolean(members[name], `\`${name}\` of a Subpath`);
}
