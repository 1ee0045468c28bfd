import { KEYS } from "./mint.ts";
import { ARGUMENTS, TOOLS } from "./sets.ts";
import type { KeyName } from "./spec.ts";

/** Whom every judge trusts. */
export const ROOTS: readonly KeyName[] = ["root", "root2"];

/** One file for the published server and for us: a route per tool, every argument a member of the body. */
export function gatewayYaml(): string {
  const constraints = Object.fromEntries(ARGUMENTS.map((name) => [name, { from: "body", path: name }]));
  return JSON.stringify({
    version: "1",
    settings: { trusted_roots: ROOTS.map((name) => KEYS[name].publicKey.hex), debug_mode: true },
    tools: Object.fromEntries(TOOLS.map((tool) => [tool, { description: tool, constraints }])),
    routes: TOOLS.map((tool) => ({ pattern: `/${tool}`, method: ["POST"], tool })),
  });
}
