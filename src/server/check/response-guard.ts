import { type CheckResponse, internalDenial } from "./check-response.ts";
import { encodeResponse } from "./response-codec.ts";

/** Where nothing else can be said. */
export const LAST_RESORT: Buffer = encodeResponse(internalDenial("unknown"));

/**
 * Turns an answer into bytes. Envoy reads an empty answer, and a denial without a status, as an allow; nothing
 * but a whole allow or a whole denial leaves here.
 */
export function serializeResponse(response: CheckResponse): Buffer {
  try {
    return isWhole(response) ? encodeResponse(response) : LAST_RESORT;
  } catch {
    return LAST_RESORT;
  }
}

function isWhole(response: CheckResponse): boolean {
  return response.verdict === "ok"
    ? response.ok !== undefined
    : response.denied.code > 0 && response.denied.status >= 400;
}
