import { fileURLToPath } from "node:url";
import { loadSync, type MethodDefinition } from "@grpc/proto-loader";
import type { CheckResponse } from "../../src/server/grpc/generated/envoy/service/auth/v3/CheckResponse.ts";
import { PREFIX_BYTES } from "../../src/server/grpc/grpc-message.ts";

export type { CheckResponse };

const { Check } = loadSync("envoy/service/auth/v3/external_auth.proto", {
  includeDirs: [fileURLToPath(new URL("../../proto", import.meta.url))],
})["envoy.service.auth.v3.Authorization"] as { Check: MethodDefinition<object, object> };

/** The generated codecs of a CheckRequest, for what our own reader is held against. */
export const serializeAttributes = (attributes: object): Buffer => Check.requestSerialize({ attributes });
export const deserialize = (bytes: Buffer): object => Check.requestDeserialize(bytes);

/** A CheckRequest as a proxy sends it. */
export function serializeCheck(http: object): Buffer {
  return serializeAttributes({ request: { http } });
}

/** Reads an answer of ours; fields that aren't in the bytes aren't there. */
export const decodeResponse = (bytes: Buffer): CheckResponse => Check.responseDeserialize(bytes);

/** Reads what came on a call. @throws where that is no message, and so no verdict */
export function responseIn(frame: Buffer): CheckResponse {
  if (frame.length <= PREFIX_BYTES) throw new Error("no verdict");
  return decodeResponse(frame.subarray(PREFIX_BYTES));
}

/** `allow`, or the reason of the denial. */
export function verdictIn(response: {
  readonly okResponse?: object | null | undefined;
  readonly deniedResponse?: { readonly body?: string } | null | undefined;
}): string {
  if (response.okResponse != null) return "allow";
  return String(JSON.parse(response.deniedResponse?.body ?? "{}").reason);
}
