import { type CheckResponse, encodeResponse } from "../grpc/grpc.ts";
import { internalDenial } from "./check-response.ts";

const LAST_RESORT = encodeResponse(internalDenial("unknown"));

/**
 * Turns an answer into bytes. Envoy reads an empty answer, and a denial without a status, as an allow; nothing
 * but a whole allow or a whole denial leaves here.
 */
export function serializeResponse(response: CheckResponse): Buffer {
  try {
    return isAllow(response) || isDenial(response) ? encodeResponse(response) : LAST_RESORT;
  } catch {
    return LAST_RESORT;
  }
}

function isAllow({ status, okResponse, deniedResponse }: CheckResponse): boolean {
  return status?.code === 0 && okResponse != null && deniedResponse == null;
}

function isDenial({ status, okResponse, deniedResponse }: CheckResponse): boolean {
  return (status?.code ?? 0) !== 0 && okResponse == null && Number(deniedResponse?.status?.code) >= 400;
}
