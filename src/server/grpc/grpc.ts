import { fileURLToPath } from "node:url";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { service as healthDefinition } from "grpc-health-check";
import type { AuthorizationDefinition } from "./generated/envoy/service/auth/v3/Authorization.ts";
import type { CheckResponse } from "./generated/envoy/service/auth/v3/CheckResponse.ts";

export type { CheckResponse };

/** proto/ lies beside src/ and beside dist/. */
const folder = fileURLToPath(new URL("../../../proto", import.meta.url));

/** By full name, as a client of gRPC wants it too. */
export const definitions: PackageDefinition = loadSync("envoy/service/auth/v3/external_auth.proto", {
  includeDirs: [folder],
  // With scripts/generate.ts: an option changed in one place only makes the types lie.
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

const { Check } = definitions["envoy.service.auth.v3.Authorization"] as unknown as AuthorizationDefinition;

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
