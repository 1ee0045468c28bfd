import { KEYS } from "./keys.ts";
import { revokedId } from "./mint.ts";
import { ARGUMENTS, REQUIRED_CLEARANCE, TOOLS } from "./sets.ts";
import type { KeyName } from "./spec.ts";

/** Whom every judge trusts. The first signs the revocation list. */
export const ROOTS: readonly KeyName[] = ["root", "root2"];

/** Ids on the revocation list, as it writes them: one for each place in a chain. */
export const REVOKED: readonly string[] = Array.from(
  { length: 6 },
  (_, index) => `tnu_wrt_${Buffer.from(revokedId(index)).toString("hex")}`,
);

/**
 * One file for the published server and for us: a route per tool, every argument a member of the body.
 *
 * @param withClearance whether it says what only we understand
 */
export function gatewayYaml(withClearance: boolean): string {
  const constraints = Object.fromEntries(ARGUMENTS.map((name) => [name, { from: "body", path: name }]));
  const tools = TOOLS.map((tool) => {
    const clearance = withClearance ? REQUIRED_CLEARANCE[tool] : undefined;
    return [tool, { description: tool, constraints, ...(clearance === undefined ? {} : { clearance }) }];
  });
  return JSON.stringify({
    version: "1",
    settings: { trusted_roots: ROOTS.map((name) => KEYS[name].publicKey.hex), debug_mode: true },
    tools: Object.fromEntries(tools),
    routes: TOOLS.map((tool) => ({ pattern: `/${tool}`, method: ["POST"], tool })),
  });
}
