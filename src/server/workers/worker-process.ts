import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Name, Order, Questions, Report } from "./messages.ts";

/** A process that answers checks, as its primary sees it. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Lines of its log; undefined where it couldn't be started. */
  readonly lines: Readable | undefined;
  /** @returns undefined where it ended before it answered */
  readonly ask: <What extends Name>(
    what: What,
    about: Questions[What]["about"],
  ) => Promise<Questions[What]["answer"] | undefined>;
  /** Hands over a connection on which nothing was read. */
  readonly hand: (socket: Socket) => void;
  /** Connections it has and didn't close yet. */
  readonly connections: () => number;
  /** Resolves once it is gone, with those connections that it didn't take any more. */
  readonly ended: Promise<Ended>;
  /** Resolves once it is gone, and all its lines were read. */
  readonly silent: Promise<void>;
  readonly kill: () => void;
}

export interface Ended {
  /** For people. */
  readonly how: string;
  readonly untaken: readonly Socket[];
}

/** How often each worker is asked for a sign of life. */
const SIGN_OF_LIFE_MS = 5_000;
/** Signs of life in a row that a worker may owe: a process that was frozen with its primary owes one. */
const MAX_OWED = 2;
/** The same for one that starts, which owes its first: a minute, for a busy machine. */
const MAX_OWED_AT_START = 12;

/** @param program what `worker` is a command of */
export function startWorkerProcess(program: string): WorkerProcess {
  const child = fork(program, ["worker"], {
    // Its own pipe: lines of several processes could mix on one.
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    // Takes bytes as they are.
    serialization: "advanced",
  });
  const waiting = new Map<number, (answer: unknown) => void>();
  /** Kept open here until it is taken, so that it isn't lost with a worker that ends meanwhile. */
  const untaken = new Map<number, Socket>();
  const open = new Set<number>();
  let lastId = 0;
  let isUp = false;
  let owed = 0;

  child.on("message", (report: Report) => {
    if (report.tell === "answer") {
      isUp = true;
      owed = 0;
      waiting.get(report.id)?.(report.answer);
      waiting.delete(report.id);
      return;
    }
    untaken.get(report.id)?.destroy();
    untaken.delete(report.id);
    if (report.tell === "closed") open.delete(report.id);
  });
  const send = (order: Order, socket?: Socket): void => {
    // A worker that has gone answers nothing; nobody needs to be told twice.
    child.send?.(order, socket, { keepOpen: true }, () => {});
  };
  const ask: WorkerProcess["ask"] = (what, about) => {
    const id = ++lastId;
    return new Promise((resolve) => {
      waiting.set(id, resolve as (answer: unknown) => void);
      send({ ask: what, id, about } as Order);
    });
  };
  const watch = setInterval(() => {
    if (owed++ >= (isUp ? MAX_OWED : MAX_OWED_AT_START)) child.kill("SIGKILL");
    if (isUp) void ask("census", null);
  }, SIGN_OF_LIFE_MS).unref();

  return {
    pid: child.pid,
    lines: child.stdout ?? undefined,
    ask,
    hand: (socket) => {
      const id = ++lastId;
      untaken.set(id, socket);
      open.add(id);
      send({ ask: "connection", id }, socket);
    },
    connections: () => open.size,
    ended: howItEnds(child).then((how) => {
      clearInterval(watch);
      open.clear();
      for (const resolve of waiting.values()) resolve(undefined);
      return { how, untaken: [...untaken.values()] };
    }),
    silent: new Promise((resolve) => child.once("close", () => resolve())),
    kill: () => child.kill("SIGKILL"),
  };
}

function howItEnds(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
