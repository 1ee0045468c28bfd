import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { HealthImplementation } from "grpc-health-check";
import type {
  CheckResponse,
  CheckResponse__Output as ReceivedResponse,
} from "./generated/envoy/service/auth/v3/CheckResponse.ts";
import type { ProtoGrpcType } from "./generated/external_auth.ts";

export type { CheckResponse, ReceivedResponse };

/** proto/ lies beside src/ and beside dist/. */
const folder = fileURLToPath(new URL("../../proto", import.meta.url));

const loaded = loadPackageDefinition(
  // With scripts/generate.ts: an option changed in one place only makes the types lie.
  loadSync("envoy/service/auth/v3/external_auth.proto", {
    includeDirs: [folder],
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  }),
) as unknown as ProtoGrpcType;

const { Authorization } = loaded.envoy.service.auth.v3;
const { Check } = Authorization.service;

/** @throws on objects that aren't a CheckResponse. */
export const encodeResponse: (response: CheckResponse) => Buffer = Check.responseSerialize;

/** A check as it came in. */
export interface Arrival {
  /** A serialized CheckRequest, or whatever was sent for one. */
  readonly bytes: Buffer;
  /** In milliseconds of `performance.now()`, which no change of the clock moves. */
  readonly receivedAt: number;
  /** Likewise, when the caller gives up; infinite where it doesn't say. */
  readonly answerBy: number;
  /** The caller is gone already. */
  readonly isCancelled: () => boolean;
}

/** How `Check` is answered. An error in gRPC can become an allow in a proxy, so there is none. */
export interface CheckService {
  /** Calls `reply` once, now or later; not at all where the caller is gone. */
  readonly check: (arrival: Arrival, reply: (response: CheckResponse) => void) => void;
  /** Makes a denial of anything that isn't a whole answer; may not throw. */
  readonly encode: (response: CheckResponse) => Buffer;
}

/** A gRPC server that listens nowhere: connections are handed to it. */
export interface GrpcServer {
  readonly accept: (socket: Socket) => void;
  /** What grpc.health.v1 tells, of the server and of the Authorization service. */
  readonly setServing: (serving: boolean) => void;
  /** Tells all peers to go, and cuts off what still runs after the grace. */
  readonly drain: (graceMs: number) => void;
  readonly destroy: () => void;
}

const HEALTH_SERVICES = ["", "envoy.service.auth.v3.Authorization"] as const;

/**
 * Largest CheckRequest, in bytes. Above it gRPC itself answers with an error, which a proxy told to fail open
 * takes for an allow; so it lies far beyond what our own bounds let through to a decision.
 */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;

export function createGrpcServer({ check, encode }: CheckService): GrpcServer {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.enable_channelz": 0,
  });
  const method = {
    ...Check,
    requestDeserialize: (bytes: Buffer): Received => ({ bytes }),
    responseSerialize: encode,
  };
  server.addService(
    { Check: method },
    {
      Check: (call: ServerUnaryCall<Received, CheckResponse>, callback: sendUnaryData<CheckResponse>) => {
        const reply = (response: CheckResponse): void => callback(null, response);
        try {
          check(toArrival(call), reply);
        } catch {
          reply({});
        }
      },
    },
  );
  const health = new HealthImplementation();
  health.addToServer(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    accept: (socket) => injector.injectConnection(socket),
    setServing: (serving) => {
      for (const service of HEALTH_SERVICES) health.setStatus(service, serving ? "SERVING" : "NOT_SERVING");
    },
    drain: (graceMs) => injector.drain(graceMs),
    destroy: () => {
      injector.destroy();
      server.forceShutdown();
    },
  };
}

/** An object, as gRPC wants one; reading it is left to the service, which has more patience with it. */
interface Received {
  readonly bytes: Buffer;
}

function toArrival(call: ServerUnaryCall<Received, CheckResponse>): Arrival {
  const receivedAt = performance.now();
  return {
    bytes: call.request.bytes,
    receivedAt,
    answerBy: receivedAt + (Number(call.getDeadline()) - Date.now()),
    isCancelled: () => call.cancelled,
  };
}

type CheckQuestion = Parameters<InstanceType<typeof Authorization>["check"]>[0];

/** Asks an authorizer as Envoy would. */
export function connectAuthorization(address: string): {
  readonly check: (question: CheckQuestion) => Promise<ReceivedResponse>;
  readonly close: () => void;
} {
  const client = new Authorization(address, credentials.createInsecure());
  return {
    check: (question) =>
      new Promise((resolve, reject) => {
        client.check(question, (error, response) => {
          if (error === null && response !== undefined) resolve(response);
          else reject(error ?? new Error("no response"));
        });
      }),
    close: () => client.close(),
  };
}
