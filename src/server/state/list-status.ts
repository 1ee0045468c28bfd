import { countIds } from "../../warrant/packed-ids.ts";
import type { RevocationList } from "../../warrant/revocation-list.ts";

/** What log, metrics and /status tell of a list at `now` (Unix seconds). */
export function listStatus({ version, ids, issuedAt }: RevocationList, now: number) {
  return { version: Number(version), entries: countIds(ids), age_secs: now - issuedAt };
}
