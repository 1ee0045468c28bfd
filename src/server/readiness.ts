import { unavailability } from "../warrant/revocation.ts";
import type { Snapshot } from "./state/snapshot.ts";

export interface Readiness {
  /** Why no decision can be expected to be an allow; empty when ready. */
  readonly unready: () => readonly string[];
  /** From now on it isn't ready, as it is about to end. */
  readonly leave: () => void;
}

/**
 * @param now Unix seconds
 * @param others further reasons, besides the snapshot's
 */
export function createReadiness(
  snapshot: () => Snapshot,
  now: () => number,
  others: () => readonly string[] = () => [],
): Readiness {
  let leaving = false;
  return {
    unready: () => [...unreadyReasons(snapshot(), now()), ...others(), ...(leaving ? ["shutting down"] : [])],
    leave: () => {
      leaving = true;
    },
  };
}

/** Why no decision can be expected to be an allow at `now` (Unix seconds); empty when ready. */
export function unreadyReasons({ policy: { trust } }: Snapshot, now: number): readonly string[] {
  return [
    trust.roots.size === 0 ? "no trusted root is configured" : [],
    unavailability(trust.revocation, now) ?? [],
  ].flat();
}
