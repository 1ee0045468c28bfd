import { cut } from "../explain.ts";
import type { Log } from "../log/log.ts";

/** How often the log tells that spans can't be sent. */
const EXPORT_WARNING_MS = 60_000;

/** @param lost how many spans it cost, where that is known */
export type Complain = (message: string, lost?: number) => void;

/** What goes wrong with spans, as a line of the log now and then: a collector that is away is away for every batch. */
export function createComplaints(
  log: Pick<Log, "warn">,
  now: () => number = () => performance.now(),
): {
  readonly complain: Complain;
  /** Tells what hasn't been told. */
  readonly end: () => void;
} {
  let nextAt = Number.NEGATIVE_INFINITY;
  let spans = 0;
  let untold: string | undefined;
  const tell = (): void => {
    if (untold === undefined) return;
    nextAt = now() + EXPORT_WARNING_MS;
    log.warn("trace_export_failed", `spans can't be sent: ${cut(plain(untold))}`, { spans_lost: spans });
    untold = undefined;
    spans = 0;
  };
  return {
    complain: (message, lost = 0) => {
      spans += lost;
      untold = message;
      if (now() >= nextAt) tell();
    },
    end: tell,
  };
}

/** OpenTelemetry tells some errors as JSON, with the stack. */
function plain(message: string): string {
  if (!message.startsWith("{")) return message;
  try {
    const { message: text } = JSON.parse(message) as { readonly message?: unknown };
    return typeof text === "string" ? text : message;
  } catch {
    return message;
  }
}
