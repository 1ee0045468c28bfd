import type { LogEvent } from "../server/log/log-events.ts";
import type { Input } from "./command.ts";

/** Says something to people while the service runs, whatever the level of the log; the log tells the same. */
export type Notice = (level: "warn" | "error", text: string) => void;

/**
 * Notices go to standard error: as text to a terminal, else as lines like those of the log. Kubernetes and Docker mix both
 * outputs, and one line of text would end a `jq` that reads them.
 */
export function noticesOf({ stderr, isTerminal }: Pick<Input, "stderr" | "isTerminal">): Notice {
  const event: LogEvent = "notice";
  return (level, message) => {
    if (isTerminal) stderr(`${level === "warn" ? "warning: " : ""}${message}\n`);
    else stderr(`${JSON.stringify({ level, time: new Date().toISOString(), event, message })}\n`);
  };
}
