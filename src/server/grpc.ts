import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { HealthImplementation } from "grpc-health-check";
import type { CheckRequest__Output as CheckRequest } from "./generated/envoy/service/auth/v3/CheckRequest.ts";
import type {
  CheckResponse,
  CheckResponse__Output as ReceivedResponse,
} from "./generated/envoy/service/auth/v3/CheckResponse.ts";
import type { ProtoGrpcType } from "./generated/external_auth.ts";

export type { CheckRequest, CheckResponse, ReceivedResponse };

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

/** The bare codecs. @throws on bytes, and on objects, that aren't what they should be. */
export const decodeRequest: (bytes: Buffer) => CheckRequest = Check.requestDeserialize;
export const encodeResponse: (response: CheckResponse) => Buffer = Check.responseSerialize;

/** How `Check` is answered. An error in gRPC can become an allow in a proxy, so there is none. */
export interface CheckService {
  /** @param request undefined where the bytes aren't a CheckRequest */
  readonly answer: (request: CheckRequest | undefined) => CheckResponse;
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

export function createGrpcServer({ answer, encode }: CheckService): GrpcServer {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.enable_channelz": 0,
  });
  const method = { ...Check, requestDeserialize: tolerant, responseSerialize: encode };
  server.addService(
    { Check: method },
    {
      Check: (
        call: { readonly request: Received },
        callback: (error: null, response: CheckResponse) => void,
      ) =>
        callback(
          null,
          orNothing(() => answer(call.request.check)),
        ),
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

/** Of nothing, `encode` makes a denial; an exception here would become an error of gRPC. */
function orNothing(answer: () => CheckResponse): CheckResponse {
  try {
    return answer();
  } catch {
    return {};
  }
}

/** An object in any case: for a bare undefined gRPC answers with an error of its own. */
interface Received {
  readonly check: CheckRequest | undefined;
}

function tolerant(bytes: Buffer): Received {
  try {
    return { check: decodeRequest(bytes) };
  } catch {
    return { check: undefined };
  }
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
