import { hasId } from "./packed-ids.ts";
import { firstRefusal, refuse, type WarrantRefusal } from "./refusal.ts";
import type { RevocationList } from "./revocation-list.ts";
import { type Warrant, warrantIdText } from "./warrant.ts";

/** What the verifier knows of revoked warrants. */
export interface Revocation {
  readonly list: RevocationList;
  /** Beyond this age nobody can tell what was revoked since; any age when unset. */
  readonly maxAgeSeconds?: number;
  /** Whether a list that is too old refuses everything, or is used all the same. */
  readonly required: boolean;
}

/**
 * Whether a warrant of the chain is revoked, root first: with a parent all below it is.
 *
 * @param revocation undefined where nothing is configured: nothing is revoked then
 * @param now Unix seconds
 */
export function checkRevocation(
  chain: readonly Pick<Warrant, "id">[],
  revocation: Revocation | undefined,
  now: number,
): WarrantRefusal | undefined {
  if (revocation === undefined) return undefined;
  const unavailable = unavailability(revocation, now);
  if (unavailable !== undefined) return refuse("revocation_unavailable", unavailable);
  return firstRefusal(chain, (warrant) =>
    hasId(revocation.list.ids, warrant.id)
      ? refuse("warrant_revoked", `${warrantIdText(warrant)} is revoked`)
      : undefined,
  );
}

/** Why no warrant can be told from a revoked one at `now`, if that is so. */
export function unavailability(revocation: Revocation | undefined, now: number): string | undefined {
  return revocation?.required === true ? staleness(revocation, now) : undefined;
}

/** What to tell of a list that is too old at `now`. */
export function staleness({ list, maxAgeSeconds }: Revocation, now: number): string | undefined {
  if (maxAgeSeconds === undefined || now - list.issuedAt <= maxAgeSeconds) return undefined;
  const issuedAt = new Date(list.issuedAt * 1000).toISOString();
  return `the revocation list was signed at ${issuedAt}, more than ${maxAgeSeconds} seconds ago`;
}
