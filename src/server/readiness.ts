import { unavailability } from "../warrant/revocation.ts";
import type { Snapshot } from "./state/snapshot.ts";

/** Why no decision can be expected to be an allow at `now` (Unix seconds); empty when ready. */
export function unreadyReasons({ policy: { trust } }: Snapshot, now: number): readonly string[] {
  return [
    trust.roots.size === 0 ? "no trusted root is configured" : [],
    unavailability(trust.revocation, now) ?? [],
  ].flat();
}
