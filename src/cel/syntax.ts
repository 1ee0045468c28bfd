import type { CelValue } from "./value.ts";

/** An expression, read. */
export type Node = {
  /** Levels of operands below this one, itself included: how deep evaluation will go. */
  readonly height: number;
} & (
  | { readonly op: "literal"; readonly value: CelValue }
  | { readonly op: "name"; readonly name: string }
  | { readonly op: "list"; readonly items: readonly Node[] }
  | { readonly op: "map"; readonly entries: readonly (readonly [Node, Node])[] }
  | { readonly op: "select" | "has"; readonly target: Node; readonly field: string }
  | { readonly op: "index"; readonly target: Node; readonly index: Node }
  | Call
  | Macro
  | { readonly op: "not" | "negate"; readonly operand: Node }
  | { readonly op: "binary"; readonly operator: BinaryOperator; readonly left: Node; readonly right: Node }
  | { readonly op: "and" | "or"; readonly operands: readonly Node[] }
  | { readonly op: "choose"; readonly condition: Node; readonly yes: Node; readonly no: Node }
);

export interface Call {
  readonly op: "call";
  readonly name: string;
  /** What stands before the point: `text` in `text.size()`. */
  readonly target: Node | undefined;
  readonly operands: readonly Node[];
}

export interface Macro {
  readonly op: "macro";
  readonly macro: MacroName;
  readonly target: Node;
  readonly variable: string;
  /** The second of three operands of `map`: which elements it takes. */
  readonly condition: Node | undefined;
  readonly body: Node;
}

export const MACROS = ["all", "exists", "exists_one", "map", "filter"] as const;
export type MacroName = (typeof MACROS)[number];

export type BinaryOperator = Relation | "+" | "-" | "*" | "/" | "%";
type Relation = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in";
