import fc from "fast-check";
import type { Value } from "../../src/value.ts";

const ATOMS = [
  "0 1 -1 2u 1.5 0.0 '' 'a' 'abc' '(' ')' b'a' true false null value a x [] [1,2] {'a':1} {1:true}",
  "timestamp('2020-01-01T00:00:00Z') duration('1h') 'a//b' \"'\"",
].flatMap((line) => line.split(" "));
const OPERATORS = "+ - * / % == != < <= > >= in && ||".split(" ");
const FUNCTIONS =
  "size int uint double string bytes max min timestamp duration getHours net_is_private".split(" ");
const MACROS = "all exists exists_one map filter".split(" ");

/** Expressions that can be read; most have no value. */
export const anyExpression: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => {
  const node = tie("node");
  const one = (values: readonly string[]) => fc.constantFrom(...values);
  return {
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      one(ATOMS),
      fc.tuple(node, one(OPERATORS), node).map(([a, operator, b]) => `${a} ${operator} ${b}`),
      fc.tuple(node, one(OPERATORS), node).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(node, one(["==", "!="]), node).map(([a, operator, b]) => `${a} ${operator} ${b}`),
      fc.tuple(one(FUNCTIONS), node).map(([name, operand]) => `${name}(${operand})`),
      fc.tuple(node, node).map(([a, b]) => `(${a}).contains(${b})`),
      fc.tuple(node, one(MACROS), node).map(([a, macro, b]) => `(${a}).${macro}(x, ${b})`),
      fc.tuple(node, node).map(([a, b]) => `(${a})[${b}]`),
      node.map((operand) => `!(${operand})`),
      fc.tuple(node, node, node).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.tuple(node, node).map(([a, b]) => `[${a}, ${b}]`),
    ),
  };
}).node;

/** Arguments that expressions have something to say about. */
export const anyValue: fc.Arbitrary<Value> = fc.constantFrom<Value>(
  "",
  "a",
  "abc",
  0n,
  1n,
  -1n,
  1.5,
  true,
  false,
  null,
  [],
  [1n, 2n],
  ["a", null],
  new Map<string, Value>([["a", 1n]]),
  new Map<string, Value>([
    ["a", true],
    ["value", "abc"],
  ]),
);
