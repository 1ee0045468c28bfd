import { hash, randomBytes } from "node:crypto";
import type { Outcome } from "../outcome.ts";

/** How long the draw for one trace holds. */
const DRAW_MS = 60_000;
const SECRET = randomBytes(16).toString("hex");
/** Bytes of a hash that a double holds exactly. */
const DRAW_BYTES = 6;

/**
 * Whether to log an allow; those of one trace together. A client chooses its trace id; so that none finds one that is
 * never kept, the draw depends on a secret of this process, as the configuration can be known, and is repeated.
 *
 * @param rate part to keep, from 0 to 1
 * @param now Unix milliseconds
 */
export function isKept(
  { traceId, requestId }: Pick<Outcome, "traceId" | "requestId">,
  rate: number,
  now = Date.now(),
  seed = SECRET,
): boolean {
  const drawn = `${seed} ${Math.floor(now / DRAW_MS)} ${traceId ?? requestId}`;
  const draw = hash("sha256", drawn, "buffer").readUIntBE(0, DRAW_BYTES);
  return draw < rate * 2 ** (8 * DRAW_BYTES);
}
