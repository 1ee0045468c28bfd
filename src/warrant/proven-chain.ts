import { leafOf, type Stack, type Warrant } from "./warrant.ts";

/**
 * What calls under a chain depend on, once its signatures and links are known to hold. Whom we trust, what is revoked and
 * what time it is have no part in that: they are asked anew for each call.
 */
export interface ProvenChain {
  readonly root: Pick<Warrant, "issuer" | "depth">;
  /** Root first. */
  readonly warrants: readonly [DatedWarrant, ...DatedWarrant[]];
  readonly leaf: Leaf;
  /** What comparing the links left of the effort of a request. */
  readonly effortLeft: number;
  /** Whether a constraint of the links asked for the time, so that they may not hold at another. */
  readonly isTimed: boolean;
}

export type DatedWarrant = Pick<Warrant, "id" | "issuedAt" | "expiresAt">;

export type Leaf = Pick<
  Warrant,
  "id" | "type" | "tools" | "holder" | "gates" | "requiredApprovers" | "minApprovals" | "clearance"
>;

/** @param links how they were compared */
export function provenChain(
  stack: Stack,
  links: { readonly left: number; readonly isTimed: boolean },
): ProvenChain {
  const [root, ...below] = stack;
  const { id, type, tools, holder, gates, requiredApprovers, minApprovals, clearance } = leafOf(stack);
  return {
    root: { issuer: root.issuer, depth: root.depth },
    warrants: [dated(root), ...below.map(dated)],
    leaf: {
      id,
      type,
      tools,
      holder,
      requiredApprovers,
      ...(gates !== undefined && { gates }),
      ...(minApprovals !== undefined && { minApprovals }),
      ...(clearance !== undefined && { clearance }),
    },
    effortLeft: links.left,
    isTimed: links.isTimed,
  };
}

function dated({ id, issuedAt, expiresAt }: Warrant): DatedWarrant {
  return { id, issuedAt, expiresAt };
}
