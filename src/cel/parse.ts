import type { Evaluation } from "../evaluation.ts";
import { I64_MAX, I64_MIN } from "../value.ts";
import { CelError } from "./error.ts";
import type { Token } from "./lex.ts";
import { type BinaryOperator, MACROS, type MacroName, type Node } from "./syntax.ts";

/** Levels of operands in one another. Keeps the stack of parsing and evaluating small. */
export const MAX_NESTING = 150;

/** Steps of reading an operand, and the operators before it. */
const OPERAND_EFFORT = 10;

/** From the loosest to the tightest; `&&` and `||` are looser still. */
const PRECEDENCE: readonly ReadonlySet<string>[] = [
  new Set(["==", "!=", "<", "<=", ">", ">=", "in"]),
  new Set(["+", "-"]),
  new Set(["*", "/", "%"]),
];

/** @throws {CelError} when they aren't one expression. */
export function parse(tokens: readonly Token[], evaluation: Evaluation): Node {
  let at = 0;
  let nesting = 0;

  const peek = (ahead = 0): Token => tokens[at + ahead] ?? { kind: "end", text: "" };
  const is = (symbol: string): boolean => peek().kind === "symbol" && peek().text === symbol;
  const take = (symbol: string): boolean => {
    if (!is(symbol)) return false;
    at++;
    return true;
  };
  const expect = (symbol: string): void => {
    if (!take(symbol)) throw new CelError(`no \`${symbol}\``);
  };
  const name = (): string => {
    const token = peek();
    if (token.kind !== "name" || CONSTANTS.has(token.text)) throw new CelError("no name");
    at++;
    return token.text;
  };

  const expression = (): Node => {
    if (++nesting > MAX_NESTING) throw new CelError("nested too deep");
    const condition = disjunction();
    let node = condition;
    if (take("?")) {
      const yes = disjunction();
      expect(":");
      const no = expression();
      node = { op: "choose", condition, yes, no, height: above([condition, yes, no]) };
    }
    nesting--;
    return node;
  };

  const disjunction = (): Node => sequence("or", "||", () => sequence("and", "&&", () => binary(0)));

  const sequence = (op: "and" | "or", symbol: string, operand: () => Node): Node => {
    const first = operand();
    if (!is(symbol)) return first;
    const operands = [first];
    while (take(symbol)) operands.push(operand());
    return { op, operands, height: above(operands) };
  };

  const binary = (level: number): Node => {
    const operators = PRECEDENCE[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    while (peek().kind === "symbol" && operators.has(peek().text)) {
      const operator = peek().text as BinaryOperator;
      at++;
      const right = binary(level + 1);
      left = { op: "binary", operator, left, right, height: above([left, right]) };
    }
    return left;
  };

  const unary = (): Node => {
    evaluation.spend(OPERAND_EFFORT);
    if (take("!")) return negated("not");
    // The sign belongs to a number behind it, also before a call: `-1.string()`.
    if (is("-") && peek(1).kind === "number" && isSignable(peek(1))) {
      at++;
      return member(negative(number()));
    }
    if (take("-")) return negated("negate");
    return member(primary());
  };

  /** Published releases drop all but one operator of a run such as `!!`, which is never meant. */
  const negated = (op: "not" | "negate"): Node => {
    if (is("!") || is("-")) throw new CelError("a run of unary operators");
    if (op === "negate" && peek().kind === "number") throw new CelError("a number that takes no sign");
    const operand = member(primary());
    return { op, operand, height: above([operand]) };
  };

  const member = (first: Node): Node => {
    let node = first;
    while (true) {
      if (take(".")) {
        const field = name();
        node = take("(")
          ? call(node, field, list(")"))
          : { op: "select", target: node, field, height: above([node]) };
      } else if (take("[")) {
        const index = expression();
        expect("]");
        node = { op: "index", target: node, index, height: above([node, index]) };
      } else {
        return node;
      }
    }
  };

  const primary = (): Node => {
    const token = peek();
    if (token.kind === "number") return literal(number());
    if (token.kind === "text") {
      at++;
      return literal(token.value ?? "");
    }
    if (token.kind === "name" && CONSTANTS.has(token.text)) {
      at++;
      return literal(CONSTANTS.get(token.text) ?? null);
    }
    if (take("(")) {
      const node = expression();
      expect(")");
      return node;
    }
    if (take("[")) {
      const items = list("]");
      return { op: "list", items, height: above(items) };
    }
    if (take("{")) return map();
    take(".");
    const called = name();
    return take("(") ? call(undefined, called, list(")")) : { op: "name", name: called, height: 1 };
  };

  const number = () => {
    const token = peek();
    at++;
    return token.value ?? null;
  };

  /** Expressions with commas between, up to `end`. Only a list may have a comma behind the last. */
  const list = (end: ")" | "]"): readonly Node[] => {
    const items: Node[] = [];
    while (!take(end)) {
      items.push(expression());
      if (take(end)) break;
      expect(",");
      if (end === ")" && is(end)) throw new CelError("a comma behind the last operand");
    }
    return items;
  };

  const map = (): Node => {
    const entries: (readonly [Node, Node])[] = [];
    while (!take("}")) {
      const key = expression();
      expect(":");
      entries.push([key, expression()]);
      if (!take(",") && !is("}")) throw new CelError("no end of a map");
    }
    return { op: "map", entries, height: above(entries.flat()) };
  };

  const root = expression();
  if (peek().kind !== "end") throw new CelError("more than an expression");
  return root;
}

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function isSignable(token: Token): boolean {
  return !token.text.startsWith("0x") && (typeof token.value === "bigint" || typeof token.value === "number");
}

function negative(value: Token["value"] | null): Node {
  if (typeof value === "bigint") {
    if (-value < I64_MIN) throw new CelError("outside the range of int");
    return { op: "literal", value: -value, height: 1 };
  }
  return { op: "literal", value: -(value as number), height: 1 };
}

function literal(value: Token["value"] | null): Node {
  if (typeof value === "bigint" && value > I64_MAX) throw new CelError("outside the range of int");
  return { op: "literal", value: value ?? null, height: 1 };
}

/** @throws {CelError} when it is too high. */
function above(operands: readonly Node[]): number {
  let height = 1;
  for (const operand of operands) height = Math.max(height, operand.height + 1);
  if (height > MAX_NESTING) throw new CelError("nested too deep");
  return height;
}

function call(target: Node | undefined, name: string, operands: readonly Node[]): Node {
  const parts = target === undefined ? operands : [target, ...operands];
  const height = above(parts);
  if (target === undefined && name === "has" && operands.length === 1) {
    const [operand] = operands;
    if (operand?.op !== "select") throw new CelError("`has` is about a field");
    return { ...operand, op: "has" };
  }
  const macro = target === undefined ? undefined : macroOf(name, operands.length);
  if (target === undefined || macro === undefined) return { op: "call", name, target, operands, height };
  const [variable, body, third] = operands;
  if (variable?.op !== "name" || body === undefined) throw new CelError("a macro without a variable");
  const [condition, result] = third === undefined ? [undefined, body] : [body, third];
  return { op: "macro", macro, target, variable: variable.name, condition, body: result, height };
}

function macroOf(name: string, operands: number): MacroName | undefined {
  const found = MACROS.find((macro) => macro === name) ?? (name === "existsOne" ? "exists_one" : undefined);
  return operands === 2 || (operands === 3 && found === "map") ? found : undefined;
}
