import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Checks } from "../checks.ts";
import type { Log } from "../log/log.ts";
import { countedBy, type Figures } from "../metrics/metric-registry.ts";
import type { MeasuredWorkers } from "../metrics/metrics.ts";
import { roomWithin } from "../room.ts";
import { StartError } from "../start-error.ts";
import { pack } from "../state/parcel.ts";
import type { Parts } from "../state/snapshot.ts";
import type { FailedReload, State } from "../state/state.ts";
import { sum } from "../sum.ts";
import type { Name, Questions, WorkerSettings } from "./messages.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

/** Worker processes that answer checks in place of this one, which takes the connections, and keeps the state. */
export interface Team extends Checks, MeasuredWorkers {
  /** Why no check is answered, if so. */
  readonly unready: () => readonly string[];
  /** At once. */
  readonly kill: () => void;
}

export interface TeamOptions {
  readonly size: number;
  /** The program that `worker` is a command of. */
  readonly program: string;
  readonly settings: WorkerSettings;
  readonly state: Pick<State, "snapshot" | "failedReload" | "follow">;
  readonly log: Log;
}

/** The pause before a lost worker's successor is started, doubled for each that is lost as well soon after. */
const FIRST_PAUSE_MS = 100;
/** The longest of those pauses. */
const MAX_PAUSE_MS = 30_000;
/** A worker that lived so long was no failure from the start. */
const STEADY_MS = 60_000;
/** What a worker has to answer a page or a line of the log; a busy one is left out, or shown as it told last. */
const ANSWER_MS = 1_000;
/** What workers have to end themselves, once their connections have: spans and lines of the log may be under way. */
const END_MS = 5_000;

/** A worker that runs, or starts. */
interface Member {
  readonly process: WorkerProcess;
  readonly bornAt: number;
  /** Resolves once it can answer checks, or never will. */
  readonly started: Promise<void>;
  /** Resolves once it is gone, and what it had is where it belongs; with how it ended. */
  readonly ended: Promise<string>;
  isUp: boolean;
  /** What it judges by. */
  parts: Parts;
  /** What it told last. */
  figures: Figures;
}

/** Resolves once all of them can answer checks. @throws {StartError} */
export async function startTeam({ size, program, settings, state, log }: TeamOptions): Promise<Team> {
  const startedAt = performance.now();
  const members = new Set<Member>();
  const pauses = new AbortController();
  /** Of a worker, which has the same flags. */
  const room = roomWithin();
  /** What those told last that are gone. */
  let gone: readonly Figures[] = [];
  let lost = 0;
  let isLeaving = false;
  /** What workers were told of last, also while it isn't in force yet: one that starts meanwhile has to judge by it too. */
  let coming: { readonly parts: Parts; readonly failed: FailedReload | undefined } = {
    parts: state.snapshot(),
    failed: state.failedReload(),
  };

  const up = (): readonly Member[] => [...members].filter(({ isUp }) => isUp);
  const hand = (socket: Socket): void => {
    const [first, ...others] = up().map(({ process }) => process);
    if (first === undefined) return void socket.destroy();
    const least = others.reduce((a, b) => (b.connections() < a.connections() ? b : a), first);
    if (least.connections() >= room.connections) {
      socket.destroy();
      return void server.emit("drop");
    }
    least.hand(socket);
  };
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    // Of one that is handed over nobody hears any more.
    socket.on("error", () => {});
    hand(socket);
  });

  const start = (): Member => {
    const { parts, failed } = coming;
    const bornAt = performance.now();
    const process = startWorkerProcess(program);
    if (process.lines !== undefined) log.forward(process.lines);
    const first = { parcel: pack(parts), failed };
    const started = process.ask("start", { settings, state: first, upMs: bornAt - startedAt });
    if (isLeaving) void process.ask("leave", null);
    const member: Member = {
      ...{ process, bornAt, isUp: false, parts, figures: [] },
      started: started.then((answer) => {
        member.isUp = answer !== undefined;
      }),
      ended: process.ended.then(({ how, untaken }) => {
        members.delete(member);
        gone = [...gone, member.figures];
        for (const socket of untaken) hand(socket);
        return how;
      }),
    };
    members.add(member);
    return member;
  };
  /** Has one worker all the time, until the pauses are ended. */
  const keepOne = async (first: Member): Promise<void> => {
    let pause = FIRST_PAUSE_MS;
    for (let member = first; ; member = start()) {
      const how = await member.ended;
      if (pauses.signal.aborted) return;
      lost++;
      if (performance.now() - member.bornAt >= STEADY_MS) pause = FIRST_PAUSE_MS;
      log.error(
        "worker_lost",
        `a worker has ended: ${how}; its connections are lost, and another is started`,
        {
          pid: member.process.pid,
          pause_ms: pause,
        },
      );
      await sleep(pause, undefined, { signal: pauses.signal, ref: false }).catch(() => {});
      if (pauses.signal.aborted) return;
      pause = Math.min(2 * pause, MAX_PAUSE_MS);
    }
  };

  const kill = (): void => {
    pauses.abort();
    for (const { process } of members) process.kill();
  };
  /** Has no answer of those that end meanwhile. */
  const askAll = async <What extends Name>(what: What, about: Questions[What]["about"]) => {
    const all = await Promise.all(up().map(({ process }) => process.ask(what, about)));
    return all.filter((answer) => answer !== undefined);
  };

  const firsts = Array.from({ length: size }, start);
  for (const member of firsts) {
    await member.started;
    if (!member.isUp) {
      kill();
      throw new StartError(`a worker ended before it could answer checks: ${await member.ended}`);
    }
    void keepOne(member);
  }
  state.follow(async (snapshot, failed) => {
    coming = { parts: snapshot, failed };
    const takes = Array.from(members, (member) => {
      const parcel = pack(snapshot, member.parts);
      member.parts = snapshot;
      return member.process.ask("take", { parcel, failed });
    });
    await Promise.all(takes);
  });

  return {
    server,
    connections: () => 0,
    inflight: () => 0,
    look: () => {},
    unready: () => (up().length === 0 ? ["no worker runs"] : []),
    size: () => up().length,
    lost: () => lost,
    figures: async () => {
      await Promise.all(
        up().map(async (member) => {
          const told = member.process.ask("figures", null);
          member.figures = (await Promise.race([told, sleep(ANSWER_MS)])) ?? member.figures;
        }),
      );
      const former = gone;
      const counted = await countedBy(former);
      gone = [counted, ...gone.slice(former.length)];
      return [...gone, ...Array.from(members, ({ figures }) => figures)];
    },
    leave: () => {
      isLeaving = true;
      for (const { process } of members) void process.ask("leave", null);
    },
    census: async () => {
      const all = (await Promise.race([askAll("census", null), sleep(ANSWER_MS)])) ?? [];
      return { proxies: sum(all, ({ proxies }) => proxies), calls: sum(all, ({ calls }) => calls) };
    },
    finish: async () => {
      pauses.abort();
      const silent = Promise.all(Array.from(members, ({ process }) => process.silent));
      const all = await askAll("finish", null);
      await Promise.race([silent, sleep(END_MS)]);
      kill();
      return {
        connections: sum(all, ({ connections }) => connections),
        calls: sum(all, ({ calls }) => calls),
      };
    },
    kill,
  };
}
