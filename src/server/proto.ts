import { fileURLToPath } from "node:url";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { ProtoGrpcType } from "./generated/external_auth.ts";

export type { CheckRequest__Output as CheckRequest } from "./generated/envoy/service/auth/v3/CheckRequest.ts";
export type { CheckResponse } from "./generated/envoy/service/auth/v3/CheckResponse.ts";

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

/** `envoy.service.auth.v3.Authorization`, and a client for it. */
export const Authorization = loaded.envoy.service.auth.v3.Authorization;
export const authorizationService = Authorization.service;
