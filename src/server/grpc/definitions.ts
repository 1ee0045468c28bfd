import { fileURLToPath } from "node:url";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { PACKAGE_ROOT } from "../../package-root.ts";

const folder = fileURLToPath(new URL("proto", PACKAGE_ROOT));

/** By full name, as a client of gRPC wants it. The service has codecs of its own. */
export const definitions: PackageDefinition = loadSync("envoy/service/auth/v3/external_auth.proto", {
  includeDirs: [folder],
  // With scripts/generate.ts: an option changed in one place only makes the types lie.
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
