import { parentPort, workerData } from "node:worker_threads";
import { startCoverage } from "./coverage.ts";
import { type Finding, fuzz, type Progress } from "./engine.ts";

/** What a worker is told; it fuzzes one target. */
export interface Assignment {
  readonly target: string;
  readonly seed: number;
  readonly milliseconds: number;
  /** False to do without coverage, for comparison. */
  readonly guided: boolean;
  /** Where the input under way is laid open: how many there were, its length, in four bytes each, and itself. */
  readonly current: SharedArrayBuffer;
}

export type Message =
  | { readonly progress: Progress }
  | { readonly finding: Finding }
  | { readonly done: true };

const { target, guided, current, ...terms } = workerData as Assignment;
const sources = new URL("../../src/", import.meta.url).href;
const coverage = guided ? startCoverage((url) => url.startsWith(sources)) : undefined;
const { targetNamed } = await import("./targets/index.ts");
const view = new DataView(current);
const bytes = new Uint8Array(current, 8);
const tell = (message: Message): void => parentPort?.postMessage(message);

const finding = fuzz(targetNamed(target), {
  ...terms,
  coverage,
  before: (input) => {
    view.setUint32(0, view.getUint32(0) + 1);
    view.setUint32(4, input.length);
    bytes.set(input);
  },
  progress: (progress) => tell({ progress }),
});
tell(finding === undefined ? { done: true } : { finding });
