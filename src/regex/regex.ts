import { type Evaluation, kept, once } from "../evaluation.ts";
import { parseRegex } from "./parse.ts";
import { MAX_SIZE, type Program, programOf } from "./program.ts";
import { search } from "./search.ts";
import type { Node } from "./syntax.ts";

/**
 * A regular expression in the dialect of the Rust `regex` crate, searched for in linear time. It is read, and its program
 * built, when that is first needed, by the evaluation that needs it.
 */
export interface Regex {
  /**
   * Whether it can be searched for: it isn't malformed, and neither it nor its program is too large.
   *
   * @throws {TooCostly} when finding out would take more effort than is left.
   */
  isValid(evaluation: Evaluation): boolean;
  /**
   * Whether it is found anywhere in the text; undefined when it isn't valid.
   *
   * @throws {TooCostly} when it would take more effort than is left.
   */
  isFoundIn(text: string, evaluation: Evaluation): boolean | undefined;
}

/** Steps for each UTF-16 code unit of an expression, and for each unit of a program's size. */
const READ_EFFORT = 10;
const BUILD_EFFORT = 5;

/** UTF-16 code units of an expression; reading more would leave a request nothing to search with. */
const MAX_LENGTH = 20_000;

/** Takes no time yet. */
export function regex(expression: string): Regex {
  const read = (evaluation: Evaluation): Node | undefined => {
    if (expression.length > MAX_LENGTH) return undefined;
    evaluation.spend(expression.length * READ_EFFORT);
    const node = parseRegex(expression);
    return node !== undefined && node.size < MAX_SIZE ? node : undefined;
  };
  const valid = once(read);
  // Reads by itself, so that it costs the same whatever was asked before.
  const program = kept((evaluation): Program | undefined => {
    const node = read(evaluation);
    if (node === undefined) return undefined;
    evaluation.spend(node.size * BUILD_EFFORT);
    return programOf(node);
  });

  return Object.freeze({
    isValid: (evaluation: Evaluation) => valid(evaluation) !== undefined,
    isFoundIn: (text: string, evaluation: Evaluation) => {
      const built = program(evaluation);
      return built && search(built, text, evaluation);
    },
  });
}
