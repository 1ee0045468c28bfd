import type { CodePoints } from "./code-points.ts";
import { TEXT_START } from "./look.ts";
import type { Look, Node } from "./syntax.ts";

/**
 * A nondeterministic automaton. State `i` does `operations[i]` with `operands[i]`, and goes on at `targets[i]`; a
 * split also at its operand.
 */
export interface Program {
  readonly operations: Uint8Array;
  readonly operands: Int32Array;
  readonly targets: Int32Array;
  readonly sets: readonly CodePoints[];
  readonly looks: readonly Look[];
  readonly start: number;
  /** Found at the start of the text or nowhere. */
  readonly isAnchored: boolean;
}

export const LITERAL = 0;
export const SET = 1;
export const LOOK = 2;
export const SPLIT = 3;
export const FOUND = 4;

/** Counted repetitions are written out. Rust bounds a program by its bytes, about ten million, and takes no larger one. */
export const MAX_SIZE = 20_000;

interface Builder {
  readonly operations: Uint8Array;
  readonly operands: Int32Array;
  readonly targets: Int32Array;
  readonly sets: Map<CodePoints, number>;
  readonly looks: Map<Look, number>;
  size: number;
}

/** Takes time linear in the size of the node, which is less than {@link MAX_SIZE}. */
export function programOf(node: Node): Program {
  const most = node.size + 1;
  const builder: Builder = {
    operations: new Uint8Array(most),
    operands: new Int32Array(most),
    targets: new Int32Array(most),
    sets: new Map(),
    looks: new Map(),
    size: 0,
  };
  const found = add(builder, FOUND, 0, 0);
  const start = build(builder, node, found);
  const { operands, targets } = builder;
  const operations = builder.operations.subarray(0, builder.size);
  const sets = [...builder.sets.keys()];
  const looks = [...builder.looks.keys()];
  return { operations, operands, targets, sets, looks, start, isAnchored: isAnchored(node) };
}

function isAnchored(node: Node): boolean {
  if (node.kind === "look") return node.look === TEXT_START;
  if (node.kind === "alternate") return node.nodes.every(isAnchored);
  return node.kind === "concat" && isAnchored(node.nodes[0] as Node);
}

/** @returns the state where the node begins; it goes on at `next`. */
function build(builder: Builder, node: Node, next: number): number {
  switch (node.kind) {
    case "empty":
      return next;
    case "literal":
      return add(builder, LITERAL, node.codePoint, next);
    case "set":
      return add(builder, SET, indexOf(builder.sets, node.set), next);
    case "look":
      return add(builder, LOOK, indexOf(builder.looks, node.look), next);
    case "concat":
      return node.nodes.reduceRight((then, part) => build(builder, part, then), next);
    case "alternate": {
      const starts = node.nodes.map((branch) => build(builder, branch, next));
      return starts.reduceRight((rest, start) => add(builder, SPLIT, rest, start));
    }
    case "repeat":
      return buildRepeat(builder, node, next);
  }
}

function buildRepeat(builder: Builder, { node, min, max }: Node & { kind: "repeat" }, next: number): number {
  let start = next;
  let required = min;
  if (max === Number.POSITIVE_INFINITY) {
    const again = add(builder, SPLIT, next, next);
    const once = build(builder, node, again);
    builder.targets[again] = once;
    start = min > 0 ? once : again;
    required = Math.max(0, min - 1);
  } else {
    for (let i = min; i < max; i++) start = add(builder, SPLIT, next, build(builder, node, start));
  }
  for (let i = 0; i < required; i++) start = build(builder, node, start);
  return start;
}

function add(builder: Builder, operation: number, operand: number, target: number): number {
  const state = builder.size++;
  builder.operations[state] = operation;
  builder.operands[state] = operand;
  builder.targets[state] = target;
  return state;
}

function indexOf<T>(indexes: Map<T, number>, item: T): number {
  const known = indexes.get(item);
  if (known !== undefined) return known;
  indexes.set(item, indexes.size);
  return indexes.size - 1;
}
