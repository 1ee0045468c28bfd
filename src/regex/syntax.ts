import type { CodePoints } from "./code-points.ts";

/** What a regular expression says, without what makes no difference to whether it is found: groups, greed, names. */
export type Node = Size &
  (
    | { readonly kind: "empty" }
    | { readonly kind: "literal"; readonly codePoint: number }
    | { readonly kind: "set"; readonly set: CodePoints }
    | { readonly kind: "look"; readonly look: Look }
    | { readonly kind: "repeat"; readonly node: Node; readonly min: number; readonly max: number }
    | { readonly kind: "concat" | "alternate"; readonly nodes: readonly Node[] }
  );

interface Size {
  /** Of a program that finds it: its states, and what a set counts beyond one. */
  readonly size: number;
  /** Whether it can take a character of the text. */
  readonly takes: boolean;
}

/** A condition on the code points beside a place, {@link EDGE} at the ends of the text. */
export interface Look {
  /** Of evaluating it, in steps. */
  readonly effort: number;
  readonly holds: (before: number, after: number) => boolean;
}

export const EDGE = -1;
export const EMPTY: Node = Object.freeze({ kind: "empty", size: 0, takes: false });

export function literal(codePoint: number): Node {
  return { kind: "literal", codePoint, size: 1, takes: true };
}

export function oneOf(set: CodePoints): Node {
  return { kind: "set", set, size: set.size, takes: true };
}

export function looking(look: Look): Node {
  return { kind: "look", look, size: 1, takes: false };
}

export function concat(nodes: readonly Node[]): Node {
  const parts = nodes.filter((node) => node.kind !== "empty");
  const [first = EMPTY] = parts;
  if (parts.length < 2) return first;
  return { kind: "concat", nodes: parts, size: sizeOf(parts), takes: parts.some(({ takes }) => takes) };
}

export function alternate(nodes: readonly Node[]): Node {
  const [first = EMPTY] = nodes;
  if (nodes.length < 2) return first;
  const size = sizeOf(nodes) + nodes.length - 1;
  return { kind: "alternate", nodes, size, takes: nodes.some(({ takes }) => takes) };
}

/** @param max `Infinity` for no bound. What takes no character is found any number of times as soon as once. */
export function repeat(node: Node, min: number, max: number): Node {
  if (node.kind === "empty" || max === 0) return EMPTY;
  if (!node.takes) return min > 0 ? node : EMPTY;
  const size =
    max === Number.POSITIVE_INFINITY ? node.size * Math.max(min, 1) + 1 : node.size * max + max - min;
  return { kind: "repeat", node, min, max, size, takes: true };
}

function sizeOf(nodes: readonly Node[]): number {
  return nodes.reduce((sum, { size }) => sum + size, 0);
}
