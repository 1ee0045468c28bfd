import type { Socket } from "node:net";
import { createAnswerer } from "../answerer.ts";
import type { Checks } from "../checks.ts";
import { READINESS_INTERVAL_MS } from "../limits.ts";
import { createLog, type Log } from "../log/log.ts";
import { createWorkerMetrics, type WorkerMetrics } from "../metrics/check-metrics.ts";
import { createReadiness, type Readiness } from "../readiness.ts";
import { unpack } from "../state/parcel.ts";
import { createSnapshot, type Overrides, type Parts, type Snapshot } from "../state/snapshot.ts";
import type { FailedReload } from "../state/state.ts";
import { healthOf } from "../status.ts";
import { startTracer, type Tracer } from "../trace/trace.ts";
import { unixNow } from "../unix-now.ts";
import type { Name, Order, Questions, Report, WorkerState } from "./messages.ts";

/** The way to the primary: a process that {@link startWorkerProcess} started. */
export interface ToPrimary {
  readonly report: (report: Report) => void;
  /** Hands over each order, with the socket of a connection that still has one. */
  readonly follow: (follower: (order: Order, socket?: Socket) => void) => void;
}

/** Answers checks on connections that the primary hands over, by the state that it tells. Resolves at the end. */
export function runWorker({ report, follow }: ToPrimary): Promise<void> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let orders: Promise<unknown> = Promise.resolve();
  let worker: Worker | undefined;
  follow((order, socket) => {
    if (order.ask === "connection") {
      report({ tell: "taken", id: order.id });
      const close = (): void => report({ tell: "closed", id: order.id });
      if (socket === undefined || worker === undefined) return close();
      socket.once("close", close);
      worker.checks.server.emit("connection", socket);
      return;
    }
    const answer = async (): Promise<void> => {
      if (order.ask === "start") worker = await startWorker(order.about);
      if (worker === undefined) throw new Error(`${order.ask} before start`);
      report({ tell: "answer", id: order.id, answer: await obey(worker, order) });
      if (order.ask !== "finish") return;
      await worker.end();
      end();
    };
    // One after the other, so that a later state never comes in force before an earlier one.
    orders = orders.then(answer);
  });
  return ended;
}

async function obey(
  worker: Worker,
  order: Exclude<Order, { readonly ask: "connection" }>,
): Promise<Questions[Name]["answer"]> {
  switch (order.ask) {
    case "take":
      worker.take(order.about);
      return null;
    case "leave":
      worker.readiness.leave();
      worker.checks.leave();
      return null;
    case "figures":
      return worker.metrics.figures();
    case "census":
      return worker.checks.census();
    case "finish":
      return worker.checks.finish();
    default:
      return null;
  }
}

interface Worker {
  readonly checks: Checks;
  readonly readiness: Readiness;
  readonly metrics: WorkerMetrics;
  readonly take: (state: WorkerState) => void;
  readonly end: () => Promise<void>;
}

async function startWorker({ settings, state, upMs }: Questions["start"]["about"]): Promise<Worker> {
  const { version, terms, tracing } = settings;
  const bornAt = performance.now() - upMs;
  const held = createHeldState(settings.overrides, state);
  const { snapshot } = held;
  const log: Log = createLog(settings.logLevel);
  const tracer: Tracer | undefined = tracing && (await startTracer(tracing, version, log));
  const readiness = createReadiness(snapshot, unixNow);
  const metrics = createWorkerMetrics(
    {
      now: unixNow,
      connections: () => checks.connections(),
      inflight: () => checks.inflight(),
      lostLines: log.lostLines,
    },
    snapshot,
  );
  const health = healthOf(held, version, bornAt, readiness.unready);
  const checks = createAnswerer({ ...terms, snapshot, now: unixNow, health, log, metrics, tracer });
  // A revocation list gets too old by itself.
  const looking = setInterval(checks.look, READINESS_INTERVAL_MS).unref();
  return {
    ...{ checks, readiness, metrics },
    take: held.take,
    end: async () => {
      clearInterval(looking);
      await tracer?.end();
      await log.end();
    },
  };
}

/** The state, as the primary tells it. */
function createHeldState(overrides: Overrides, first: WorkerState) {
  let parts: Parts;
  let current: Snapshot;
  let failed: FailedReload | undefined;
  const take = ({ parcel, failed: failure }: WorkerState, before?: Parts): void => {
    failed = failure;
    // A new snapshot would forget what was proven under this one.
    if (before !== undefined && Object.keys(parcel).length === 0) return;
    parts = unpack(parcel, before);
    current = createSnapshot(parts, overrides);
  };
  take(first);
  return {
    snapshot: () => current,
    failedReload: () => failed,
    take: (state: WorkerState) => take(state, parts),
  };
}
