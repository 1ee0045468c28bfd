/**
 * What to do about tests whose other half can't be had on this machine: the reason to skip them with, said aloud.
 *
 * @throws {Error} under `CI=true`, where a part that silently doesn't run is a failure.
 */
export function missing(what: string, cause: unknown): string {
  const reason = `NOT RUN: ${what}: ${cause instanceof Error ? cause.message : String(cause)}`;
  if (process.env["CI"] === "true") throw new Error(reason, { cause });
  return reason;
}
