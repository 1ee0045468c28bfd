import type { ServerHttp2Stream } from "node:http2";
import {
  INTERNAL,
  isOpen,
  NOT_FOUND,
  RESOURCE_EXHAUSTED,
  sendError,
  sendMessage,
  startMessages,
  type Unreceived,
  writeMessage,
} from "./grpc-message.ts";
import { encodeStatus, encodeStatuses, readHealthRequest, type ServingStatus } from "./health-codec.ts";
import type { Peers } from "./peers.ts";

/** grpc.health.v1, for the server as a whole and for the Authorization service. */
export interface HealthService {
  /** Handlers by path, each for a call whose message has arrived. */
  readonly methods: ReadonlyMap<string, (stream: ServerHttp2Stream, message: Buffer | Unreceived) => void>;
  readonly setServing: (serving: boolean) => void;
  /** Ends all watches, which would last for ever. */
  readonly end: () => void;
}

const SERVICE = "/grpc.health.v1.Health";

const SERVICES: readonly string[] = ["", "envoy.service.auth.v3.Authorization"];

/** @param maxWatches calls that watch, which last */
export function createHealthService(peers: Peers, maxWatches: number): HealthService {
  let status: ServingStatus = "NOT_SERVING";
  /** With whether they ask for a service there is; the others have their answer, and stay as well. */
  const watchers = new Map<ServerHttp2Stream, boolean>();

  /** Calls `answer` with the name of the service that is asked for. */
  const about =
    (answer: (stream: ServerHttp2Stream, service: string) => void) =>
    (stream: ServerHttp2Stream, message: Buffer | Unreceived): void => {
      const service = Buffer.isBuffer(message) ? readHealthRequest(message) : undefined;
      if (service === undefined) sendError(stream, INTERNAL, "not a HealthCheckRequest", peers);
      else answer(stream, service);
    };

  return {
    methods: new Map([
      [
        `${SERVICE}/Check`,
        about((stream, service) => {
          if (SERVICES.includes(service)) sendMessage(stream, encodeStatus(status), peers);
          else sendError(stream, NOT_FOUND, "unknown service", peers);
        }),
      ],
      [
        `${SERVICE}/Watch`,
        about((stream, service) => {
          if (watchers.size >= maxWatches)
            return sendError(stream, RESOURCE_EXHAUSTED, "too many watches", peers);
          const isKnown = SERVICES.includes(service);
          startMessages(stream);
          writeMessage(stream, encodeStatus(isKnown ? status : "SERVICE_UNKNOWN"));
          if (!isOpen(stream)) return;
          watchers.set(stream, isKnown);
          stream.once("close", () => watchers.delete(stream));
        }),
      ],
      [`${SERVICE}/List`, (stream) => sendMessage(stream, encodeStatuses(SERVICES, status), peers)],
    ]),
    setServing: (serving) => {
      const next = serving ? "SERVING" : "NOT_SERVING";
      if (next === status) return;
      status = next;
      for (const [stream, isKnown] of watchers) if (isKnown) writeMessage(stream, encodeStatus(status));
    },
    end: () => {
      for (const stream of watchers.keys()) stream.end();
    },
  };
}
