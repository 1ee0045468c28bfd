import { hash } from "node:crypto";
import type { Outcome } from "../outcome.ts";

/** How long the draw for one trace holds. */
const DRAW_MS = 60_000;
/** Bytes of a hash that a double holds exactly. */
const DRAW_BYTES = 6;

/**
 * Whether to log an allow. All replicas with the same configuration keep the same traces. A client chooses its trace
 * id; so that none finds one that is never kept, the draw depends on what it doesn't know and is repeated.
 *
 * @param rate part to keep, from 0 to 1
 * @param seed hash of the configuration
 * @param now Unix milliseconds
 */
export function isKept(
  { traceId, requestId }: Pick<Outcome, "traceId" | "requestId">,
  rate: number,
  seed: string,
  now = Date.now(),
): boolean {
  const drawn = `${seed} ${Math.floor(now / DRAW_MS)} ${traceId ?? requestId}`;
  const draw = hash("sha256", drawn, "buffer").readUIntBE(0, DRAW_BYTES);
  return draw < rate * 2 ** (8 * DRAW_BYTES);
}
