import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { TestContext } from "node:test";
import { SMALL_HEAP } from "../../src/cli/process-memory.ts";
import { residentBytes } from "./resident.ts";
import type { Serving } from "./service.ts";
import { waitFor } from "./wait.ts";

/**
 * For a process that is to be inspected: on a free port of loopback, which it tells on stderr. It says how large its heap is,
 * as it would start anew otherwise, on another port.
 */
export const INSPECTED = { NODE_OPTIONS: ["--inspect=127.0.0.1:0", ...SMALL_HEAP].join(" ") };

/** What a process holds, after all garbage was collected. */
export interface Holdings {
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** Open file descriptors, and folders that are watched. */
  readonly files: number;
  readonly watches: number;
}

export interface Inspector {
  readonly holdings: () => Promise<Holdings>;
  /** A process doesn't end while it is inspected. */
  readonly close: () => void;
}

/** Opens the inspector of a process started with {@link INSPECTED}. */
export async function inspect(t: TestContext, service: Serving): Promise<Inspector> {
  const url = await waitFor("the inspector", () => /ws:\/\/\S+/.exec(service.stderr())?.[0]);
  const socket = new WebSocket(url);
  t.after(() => socket.close());
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error(`no inspector at ${url}`)));
  });
  let sent = 0;
  const ask = (method: string): Promise<Record<string, number>> => {
    const id = ++sent;
    socket.send(JSON.stringify({ id, method }));
    return new Promise((resolve, reject) => {
      const listener = ({ data }: MessageEvent): void => {
        const answer = JSON.parse(data);
        if (answer.id !== id) return;
        socket.removeEventListener("message", listener);
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(answer.error.message));
      };
      socket.addEventListener("message", listener);
    });
  };
  return {
    close: () => socket.close(),
    holdings: async () => {
      // What the first one finalizes the second collects.
      for (let i = 0; i < 3; i++) await ask("HeapProfiler.collectGarbage");
      const { usedSize = 0 } = await ask("Runtime.getHeapUsage");
      return { heapBytes: usedSize, ...heldOf(service.pid) };
    },
  };
}

function heldOf(pid: number): Omit<Holdings, "heapBytes"> {
  const descriptors = readdirSync(`/proc/${pid}/fd`);
  const inotify = descriptors.filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === "anon_inode:inotify";
    } catch {
      return false;
    }
  });
  const watches = inotify.flatMap((fd) =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8").match(/^inotify wd/gm),
  );
  return { residentBytes: residentBytes(pid), files: descriptors.length, watches: watches.length };
}
