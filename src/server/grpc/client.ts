import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { definitions } from "./definitions.ts";
import type { CheckResponse__Output as ReceivedResponse } from "./generated/envoy/service/auth/v3/CheckResponse.ts";
import type { ProtoGrpcType } from "./generated/external_auth.ts";

export type { ReceivedResponse };

const { Authorization } = (loadPackageDefinition(definitions) as unknown as ProtoGrpcType).envoy.service.auth
  .v3;

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
