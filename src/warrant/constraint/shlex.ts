import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import type { Value } from "../../value.ts";
import { asArray, asStruct, asText } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { commandOf } from "./shell-words.ts";

/** A command line that runs one of the listed commands and nothing else. What follows the command is free. */
export interface Shlex extends Constraint {
  readonly kind: "Shlex";
  readonly allow: ReadonlySet<string>;
}

/** @param commands each as the whole first word: `ls` isn't `/bin/ls`; `""` and what has `..` never match */
export function shlex(commands: readonly string[]): Shlex {
  const allow = new Set(commands);

  const matches = (argument: Value, evaluation: Evaluation): boolean => {
    if (typeof argument !== "string") return false;
    evaluation.spend(1 + CHARACTER_EFFORT * argument.length);
    const command = commandOf(argument);
    return command !== undefined && command !== "" && !command.includes("..") && allow.has(command);
  };

  return Object.freeze({
    kind: "Shlex",
    type: 128,
    failsOn: () => "nothing",
    allow,
    matches: (argument: Value, evaluation: Evaluation) => outcome(matches(argument, evaluation)),
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (isExact(child)) return matches(child.value, evaluation);
      if (!isShlex(child)) return false;
      evaluation.spend(COMMAND_EFFORT * child.allow.size);
      return child.allow.isSubsetOf(allow);
    },
    describe: () => `Shlex(allow=[${commands.join(", ")}])`,
    toCbor: () => new Map([["allow", commands]]),
  });
}

/** Steps for each character of a command line. */
const CHARACTER_EFFORT = 2;
/** Steps of looking a command up. */
const COMMAND_EFFORT = 5;

function isShlex(constraint: Constraint): constraint is Shlex {
  return constraint.kind === "Shlex";
}

export function parseShlex(value: CborValue): Shlex {
  const { allow } = asStruct(value, "a Shlex", ["allow"]);
  return shlex(
    asArray(allow, "`allow` of a Shlex").map((command) => asText(command, "a command of a Shlex")),
  );
}
