import { parentPort, workerData } from "node:worker_threads";
import { type Finding, fuzz, type Progress } from "./engine.ts";
import { targetNamed } from "./targets/index.ts";

/** What a worker is told; it fuzzes one target. */
export interface Assignment {
  readonly target: string;
  readonly seed: number;
  readonly milliseconds: number;
  /** Where the input under way is laid open: how many there were, its length, in four bytes each, and itself. */
  readonly current: SharedArrayBuffer;
}

export type Message =
  | { readonly progress: Progress }
  | { readonly finding: Finding }
  | { readonly done: true };

const { target, current, ...terms } = workerData as Assignment;
const view = new DataView(current);
const bytes = new Uint8Array(current, 8);
const tell = (message: Message): void => parentPort?.postMessage(message);

const finding = fuzz(targetNamed(target), {
  ...terms,
  before: (input) => {
    view.setUint32(0, view.getUint32(0) + 1);
    view.setUint32(4, input.length);
    bytes.set(input);
  },
  progress: (progress) => tell({ progress }),
});
tell(finding === undefined ? { done: true } : { finding });
