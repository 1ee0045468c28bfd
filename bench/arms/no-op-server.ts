import { fileURLToPath } from "node:url";
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

// What a team would write: an ext_authz service with the usual libraries that allows everything, on the port of its
// argument.

interface Package {
  readonly envoy: { service: { auth: { v3: { Authorization: ServiceClientConstructor } } } };
}

const definitions = loadSync("envoy/service/auth/v3/external_auth.proto", {
  includeDirs: [fileURLToPath(new URL("../../proto", import.meta.url))],
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { Authorization } = (loadPackageDefinition(definitions) as unknown as Package).envoy.service.auth.v3;
const server = new Server();
server.addService(Authorization.service, {
  Check: (_call: unknown, callback: (error: null, response: object) => void) =>
    callback(null, { status: { code: 0 }, okResponse: {} }),
});
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
