import type { Socket } from "node:net";
import type { Order } from "../server/workers/messages.ts";
import { runWorker } from "../server/workers/worker.ts";
import { EXIT_OK, UsageError } from "./command.ts";

/** Answers checks until the process that started this one says to end, or is gone. @throws {UsageError} */
export async function answerForServe(): Promise<number> {
  if (process.send === undefined) throw new UsageError("`worker` is started by `serve --workers`");
  const gone = new Promise<void>((resolve) => process.once("disconnect", resolve));
  const ended = runWorker({
    report: (report) => void process.send?.(report, undefined, undefined, () => {}),
    follow: (follower) =>
      process.on("message", (order, socket) => follower(order as Order, socket as Socket | undefined)),
  });
  await Promise.race([gone, ended]);
  if (process.connected) process.disconnect();
  return EXIT_OK;
}
