import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { service as healthDefinition } from "grpc-health-check";
import type {
  CheckResponse,
  CheckResponse__Output as ReceivedResponse,
} from "./generated/envoy/service/auth/v3/CheckResponse.ts";
import type { ProtoGrpcType } from "./generated/external_auth.ts";

export type { CheckResponse, ReceivedResponse };

/** proto/ lies beside src/ and beside dist/. */
const folder = fileURLToPath(new URL("../../../proto", import.meta.url));

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

/** Its path in HTTP/2. */
export const CHECK_PATH: string = Check.path;

export type ServingStatus = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";

interface HealthMethod {
  readonly path: string;
  readonly requestDeserialize: (bytes: Buffer) => object;
  readonly responseSerialize: (response: object) => Buffer;
}
const {
  Check: healthCheck,
  Watch: healthWatch,
  List: healthList,
} = healthDefinition as unknown as Readonly<Record<"Check" | "Watch" | "List", HealthMethod>>;

/** grpc.health.v1. */
export const healthCodec = {
  check: {
    path: healthCheck.path,
    /** @returns the name of the service that is asked for; undefined where the bytes are no HealthCheckRequest */
    decode: (bytes: Buffer): string | undefined => {
      try {
        return (healthCheck.requestDeserialize(bytes) as { readonly service: string }).service;
      } catch {
        return undefined;
      }
    },
    encode: (status: ServingStatus): Buffer => healthCheck.responseSerialize({ status }),
  },
  watch: { path: healthWatch.path },
  list: {
    path: healthList.path,
    encode: (statuses: ReadonlyMap<string, ServingStatus>): Buffer =>
      healthList.responseSerialize({
        statuses: Object.fromEntries(Array.from(statuses, ([name, status]) => [name, { status }])),
      }),
  },
};

type CheckQuestion = Parameters<InstanceType<typeof Authorization>["check"]>[0];

/**
 * Asks an authorizer as Envoy would.
 *
 * @param ca whose certificate it must have, in PEM; no TLS without one
 */
export function connectAuthorization(
  address: string,
  ca?: Buffer,
): {
  readonly check: (question: CheckQuestion) => Promise<ReceivedResponse>;
  readonly close: () => void;
} {
  const client = new Authorization(
    address,
    ca === undefined ? credentials.createInsecure() : credentials.createSsl(ca),
  );
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
