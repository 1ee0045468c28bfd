import type { Stack } from "./stack.ts";
import { waitFor } from "./wait.ts";

type MetadataField =
  | "request_id"
  | "decision"
  | "reason"
  | "tool"
  | "warrant_id"
  | "root"
  | "chain_depth"
  | "mode";

/** A line of the access log of envoy/gateway.yaml, as far as tests look at it. */
export interface AccessLogEntry {
  readonly status: number;
  readonly path: string;
  readonly details: string;
  readonly flags: string;
  readonly tenuo: Readonly<Record<MetadataField, string | number | null>>;
}

/** The entry of the request with this `x-tenuo-request-id`. */
export function accessLogEntry(stack: Stack, requestId: string): Promise<AccessLogEntry> {
  return findEntry(
    stack,
    `an access log entry of ${requestId}`,
    ({ tenuo }) => tenuo.request_id === requestId,
  );
}

/** The last entry that fits; Envoy writes it after the client has its answer. */
export function findEntry(
  stack: Stack,
  what: string,
  fits: (entry: AccessLogEntry) => boolean,
): Promise<AccessLogEntry> {
  return waitFor(what, () => entriesIn(stack.envoyOutput()).findLast(fits), 5);
}

/** The lines of JSON among what Envoy writes. */
export function entriesIn<Entry = AccessLogEntry>(output: string): Entry[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line));
}
