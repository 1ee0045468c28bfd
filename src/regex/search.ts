import type { Evaluation } from "../evaluation.ts";
import { FOUND, LITERAL, LOOK, type Program, SET, SPLIT } from "./program.ts";
import { EDGE } from "./syntax.ts";

/**
 * Whether the program finds something anywhere in the text. All ways to go on are followed side by side, one character
 * at a time, so it takes no more than the text times the program, whatever they are.
 *
 * @throws {TooCostly} when that is more than is left.
 */
export function search(program: Program, text: string, evaluation: Evaluation): boolean {
  const { operations, operands, targets, sets, looks, start, isAnchored } = program;
  evaluation.spend(SETUP_EFFORT + operations.length / 2);
  const asked = new Int32Array(sets.length).fill(EDGE);
  const answers = new Uint8Array(sets.length);
  let here = threadsOf(operations.length);
  let there = threadsOf(operations.length);
  let before = EDGE;
  let at = 0;

  for (;;) {
    const after = text.codePointAt(at) ?? EDGE;
    if (at === 0 || !isAnchored) join(here, start);
    else if (here.count === 0) return false;
    there.count = 0;
    there.turn = here.turn + 1;
    for (let i = 0; i < here.count; i++) {
      const state = here.states[i] as number;
      const operand = operands[state] as number;
      const target = targets[state] as number;
      switch (operations[state]) {
        case FOUND:
          return true;
        case SPLIT:
          join(here, target);
          join(here, operand);
          break;
        case LOOK: {
          const look = looks[operand] as (typeof looks)[number];
          evaluation.spend(look.effort);
          if (look.holds(before, after)) join(here, target);
          break;
        }
        case LITERAL:
          if (operand === after) join(there, target);
          break;
        case SET:
          if (after === EDGE) break;
          if (asked[operand] !== after) {
            const set = sets[operand] as (typeof sets)[number];
            evaluation.spend(set.effort);
            asked[operand] = after;
            answers[operand] = set.has(after) ? 1 : 0;
          }
          if (answers[operand] === 1) join(there, target);
      }
    }
    if (after === EDGE) return false;
    evaluation.spend(1 + here.count);
    before = after;
    at += after > 0xffff ? 2 : 1;
    [here, there] = [there, here];
  }
}

/** Of the arrays a search needs, in steps. */
const SETUP_EFFORT = 20;

/** The states a search is in at one place of the text, each once. */
interface Threads {
  readonly states: Int32Array;
  /** The turn in which a state was last among them. */
  readonly joined: Int32Array;
  turn: number;
  count: number;
}

function threadsOf(size: number): Threads {
  return { states: new Int32Array(size), joined: new Int32Array(size), turn: 1, count: 0 };
}

function join(threads: Threads, state: number): void {
  if (threads.joined[state] === threads.turn) return;
  threads.joined[state] = threads.turn;
  threads.states[threads.count++] = state;
}
