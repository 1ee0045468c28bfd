import { type ConfigPath, keyOffsetAt, nodeAt, offsetAt } from "./config-node.ts";
import type { ConfigProblem } from "./problem.ts";
import type { YamlSource } from "./yaml-source.ts";

/** Collects what is wrong with a file, by where in it. */
export interface Report {
  /** At the value of a path, or at the nearest thing around it. */
  readonly error: (path: ConfigPath, message: string) => void;
  /** At the key of a path. */
  readonly keyError: (path: ConfigPath, message: string) => void;
  readonly warning: (path: ConfigPath, message: string) => void;
  /** Whether something is written at a path, so that a problem can be told there. */
  readonly isWritten: (path: ConfigPath) => boolean;
  /** The line of a path, for pointing from one place to another. */
  readonly lineOf: (path: ConfigPath) => number;
}

export function reportOn(
  { root, problem }: YamlSource,
  errors: ConfigProblem[],
  warnings: ConfigProblem[],
): Report {
  return {
    error: (path, message) => errors.push(problem(offsetAt(root, path), message)),
    keyError: (path, message) => errors.push(problem(keyOffsetAt(root, path), message)),
    warning: (path, message) => warnings.push(problem(offsetAt(root, path), message)),
    isWritten: (path) => nodeAt(root, path) !== undefined,
    lineOf: (path) => problem(offsetAt(root, path), "").line,
  };
}
