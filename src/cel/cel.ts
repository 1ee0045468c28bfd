import type { Evaluation } from "../evaluation.ts";
import { CelError } from "./error.ts";
import { evaluate } from "./evaluate.ts";
import { lex, type Token } from "./lex.ts";
import { parse } from "./parse.ts";
import type { Node } from "./syntax.ts";
import type { CelValue } from "./value.ts";

/** An expression that can be read. */
export interface Program {
  readonly root: Node;
  readonly tokens: readonly Token[];
  readonly hasComment: boolean;
}

/**
 * Reads an expression in linear time; undefined when it is none.
 *
 * @throws {TooCostly} when it takes more effort than is left.
 */
export function parseCel(text: string, evaluation: Evaluation): Program | undefined {
  return unlessError(() => {
    const { tokens, hasComment } = lex(text, evaluation);
    return { root: parse(tokens, evaluation), tokens, hasComment };
  });
}

/**
 * Whether the expression holds for these variables; undefined when it has no value, or one that isn't a boolean.
 *
 * @throws {TooCostly} when it takes more effort than is left.
 */
export function evaluateCel(
  program: Program,
  variables: ReadonlyMap<string, CelValue>,
  evaluation: Evaluation,
): boolean | undefined {
  evaluation.spend(variables.size);
  const value = unlessError(() => evaluate(program.root, new Map(variables), evaluation));
  return typeof value === "boolean" ? value : undefined;
}

/**
 * Whether `child` is `parent`, or `(parent) && (more)`, token by token: blanks between tokens don't matter, anything
 * else does. Both can be read, so the parentheses are what they seem; a comment is refused, since the reference
 * joins lines and would read what follows it otherwise.
 */
export function isConjunctionWith(parent: Program, child: Program, evaluation: Evaluation): boolean {
  evaluation.spend(parent.tokens.length + child.tokens.length);
  if (parent.hasComment || child.hasComment) return false;
  const expected = texts(parent);
  const actual = texts(child);
  if (startsWith(actual, expected) && actual.length === expected.length) return true;
  const opening = ["(", ...expected, ")", "&&", "("];
  return startsWith(actual, opening) && closesAtEnd(actual.slice(opening.length));
}

function texts({ tokens }: Program): readonly string[] {
  return tokens.slice(0, -1).map(({ text }) => text);
}

function startsWith(list: readonly string[], start: readonly string[]): boolean {
  return start.every((item, i) => item === list[i]);
}

/** Whether the parenthesis that was opened before is closed by the last token, and not before. */
function closesAtEnd(rest: readonly string[]): boolean {
  let open = 1;
  return rest.every((text, i) => {
    if (text === "(") open++;
    if (text === ")") open--;
    return open > 0 || i === rest.length - 1;
  });
}

function unlessError<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof CelError) return undefined;
    throw thrown;
  }
}
