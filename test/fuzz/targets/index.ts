import type { Target } from "../target.ts";
import { approvals } from "./approvals.ts";
import { checkRequest } from "./check-request.ts";
import { config } from "./config.ts";
import { constraint } from "./constraint.ts";
import { json } from "./json.ts";
import { proof } from "./proof.ts";
import { requestTarget } from "./request-target.ts";
import { revocationList } from "./revocation-list.ts";
import { stack } from "./stack.ts";
import { warrant } from "./warrant.ts";

export const TARGETS: readonly Target[] = [
  ...[warrant, stack, proof, approvals, constraint],
  ...[requestTarget, json, config, revocationList, checkRequest],
];

/** @throws {Error} that lists the names, when there is none of this one */
export function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found === undefined)
    throw new Error(`no target is named ${name}; there are ${TARGETS.map((each) => each.name).join(", ")}`);
  return found;
}
