import type { Evaluation } from "../evaluation.ts";
import type { CelValue } from "./value.ts";

export interface CelFunction {
  /** Whether its first operand may stand before a point: `text.size()`. */
  readonly isMethod: boolean;
  /** How many operands it takes, the one before the point included; undefined for one or more. */
  readonly operands: number | undefined;
  readonly run: (operands: readonly CelValue[], evaluation: Evaluation) => CelValue;
}

/** May be called either way. */
export function method(operands: number, run: CelFunction["run"]): CelFunction {
  return { isMethod: true, operands, run };
}

export function plain(operands: number | undefined, run: CelFunction["run"]): CelFunction {
  return { isMethod: false, operands, run };
}
