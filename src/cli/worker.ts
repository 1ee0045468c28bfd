import type { Command } from "./command.ts";

/** What `serve --workers` starts; of no use to people, and so not in the help. */
export const worker: Command = {
  name: "worker",
  summary: "answer checks for `serve`",
  description: "Started by `serve --workers`, which tells it everything.",
  flags: {},
  run: async () => (await import("./worker-run.ts")).answerForServe(),
};
