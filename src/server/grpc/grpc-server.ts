import {
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { Duplex } from "node:stream";
import {
  MAX_GRPC_HEADER_BYTES,
  MAX_GRPC_HEADERS,
  MAX_HEALTH_MESSAGE_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_REJECTED_STREAMS,
  MAX_RESETS,
  MAX_RESETS_PER_SECOND,
  MAX_SESSION_MEGABYTES,
  MAX_STREAMS,
} from "../limits.ts";
import { sum } from "../sum.ts";
import { readTraceParent, type TraceParent } from "../trace-parent.ts";
import { createHealthService } from "./grpc-health.ts";
import {
  isOpen,
  receiveMessage,
  refuse,
  sendError,
  sendMessage,
  UNIMPLEMENTED,
  type Unreceived,
} from "./grpc-message.ts";
import { type CaredSession, careFor } from "./http2-session.ts";
import { createPeers, type Peers } from "./peers.ts";

/** A check as it came in. */
export interface Arrival {
  /** A serialized CheckRequest, or whatever was sent for one; or why nothing was. */
  readonly message: Buffer | Unreceived;
  /** In milliseconds of `performance.now()`, which no change of the clock moves. */
  readonly receivedAt: number;
  /** Likewise, when the caller gives up; infinite where it doesn't say. */
  readonly answerBy: number;
  /** The span of the caller's that this call is, where it says so: a proxy's own, that no client of it can name. */
  readonly parent?: TraceParent | undefined;
  /** The caller is gone already. */
  readonly isCancelled: () => boolean;
}

/** How `Check` is answered. An error in gRPC can become an allow in a proxy, so there is none. */
export interface CheckService {
  /** Calls `reply` once with the bytes of a CheckResponse, now or later; not at all where the caller is gone. */
  readonly check: (arrival: Arrival, reply: (answer: Buffer) => void) => void;
  /** What is answered where that throws. */
  readonly lastResort: Buffer;
}

export interface ConnectionTerms {
  /** Of messages that are still arriving, over all connections. */
  readonly maxArrivingBytes: number;
  /** Over all connections. */
  readonly maxCalls: number;
  /** Calls that watch the health of the service, over all connections. */
  readonly maxWatches: number;
  /** Told of each connection that is ended for what its peer doesn't do. */
  readonly cutOff: () => void;
  /** After so long a connection is ended, between calls; Infinity: never. */
  readonly maxAgeSeconds: number;
}

/** A gRPC server that listens nowhere: connections are handed to it. */
export interface GrpcServer {
  readonly accept: (connection: Duplex) => CaredSession | undefined;
  /** What grpc.health.v1 tells, of the server and of the Authorization service. */
  readonly setServing: (serving: boolean) => void;
  /** Calls that aren't finished. */
  readonly calls: () => number;
  /** Tells all peers to go, also those still to come, and lets their calls end. */
  readonly drain: () => void;
}

const HTTP2_OPTIONS = {
  maxSessionMemory: MAX_SESSION_MEGABYTES,
  maxHeaderListPairs: MAX_GRPC_HEADERS,
  maxSessionRejectedStreams: MAX_REJECTED_STREAMS,
  streamResetBurst: MAX_RESETS,
  streamResetRate: MAX_RESETS_PER_SECOND,
  settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_GRPC_HEADER_BYTES },
};

export const CHECK_PATH = "/envoy.service.auth.v3.Authorization/Check";

/** `application/grpc`, with or without the format of the messages behind it; not `application/grpc-web`. */
const GRPC_MEDIA_TYPE = /^application\/grpc(?:$|[+;])/;

export function createGrpcServer(service: CheckService, terms: ConnectionTerms): GrpcServer {
  const server = createServer(HTTP2_OPTIONS);
  const sessions = new Map<Http2Session, CaredSession>();
  const peers = createPeers({
    ...terms,
    cutOff: (session) => {
      const cared = sessions.get(session);
      cared?.cutOff();
      terms.cutOff();
      return cared?.calls() ?? 0;
    },
  });
  const health = createHealthService(peers, terms.maxWatches);
  let draining = false;

  // Node makes the session while it is told of the connection.
  let accepted: Duplex;
  let begun: CaredSession | undefined;
  server.on("session", (session) => {
    const cared = careFor(session, accepted, terms.maxAgeSeconds * 1000, peers);
    begun = cared;
    sessions.set(session, cared);
    session.once("close", () => sessions.delete(session));
    if (draining) cared.retire();
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", ignore);
    stream.on("close", letGo);
    if (stream.destroyed) return;
    if (headers[":method"] !== "POST") return refuse(stream, { ":status": 405, allow: "POST" }, peers);
    if (!GRPC_MEDIA_TYPE.test(headers["content-type"] ?? ""))
      return refuse(stream, { ":status": 415 }, peers);
    const path = headers[":path"] ?? "";
    if (path === CHECK_PATH) {
      const receivedAt = performance.now();
      const answerBy = receivedAt + timeoutOf(headers);
      // Read now: the headers of a call that is slow to arrive aren't kept.
      const parent = parentOf(headers);
      return receiveMessage(stream, MAX_MESSAGE_BYTES, peers, (message) =>
        answer(service, stream, peers, {
          ...{ message, receivedAt, answerBy, parent },
          isCancelled: () => !isOpen(stream),
        }),
      );
    }
    const method = health.methods.get(path);
    if (method === undefined) return sendError(stream, UNIMPLEMENTED, "unknown method", peers);
    receiveMessage(stream, MAX_HEALTH_MESSAGE_BYTES, peers, (message) => method(stream, message));
  });

  return {
    accept: (connection) => {
      accepted = connection;
      begun = undefined;
      server.emit("connection", connection);
      return begun;
    },
    setServing: health.setServing,
    calls: () => sum(sessions.values(), (session) => session.calls()),
    drain: () => {
      draining = true;
      health.end();
      for (const session of sessions.values()) session.retire();
    },
  };
}

/** A stream that breaks is closed by itself; without a listener it would end the process. */
function ignore(): void {}

/**
 * An old Map of Node's can keep a stream that is over until V8 collects the whole heap, which stops everything for long: the less
 * hangs on one, the less often that is.
 */
function letGo(this: ServerHttp2Stream): void {
  // First this one, so that Node's own needn't be told of each of the others.
  this.removeAllListeners("removeListener").removeAllListeners().on("error", ignore);
}

function answer(
  { check, lastResort }: CheckService,
  stream: ServerHttp2Stream,
  peers: Peers,
  arrival: Arrival,
): void {
  let replied = false;
  const reply = (answer: Buffer): void => {
    if (replied) return;
    replied = true;
    sendMessage(stream, answer, peers);
  };
  try {
    check(arrival, reply);
  } catch {
    reply(lastResort);
  }
}

/** Node joins several lines with commas, and then there is none. */
function parentOf({ traceparent, tracestate }: IncomingHttpHeaders): TraceParent | undefined {
  return traceparent === undefined
    ? undefined
    : readTraceParent([traceparent].flat(), [tracestate ?? []].flat());
}

/** Milliseconds in each unit of `grpc-timeout`. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds. What can't be read is no time limit of the caller's; ours hold anyway. */
function timeoutOf(headers: IncomingHttpHeaders): number {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(String(headers["grpc-timeout"])) ?? [];
  return digits === undefined ? Number.POSITIVE_INFINITY : Number(digits) * (UNITS[unit] ?? 0);
}
