/** Why a request can't be mapped to one tool and one set of arguments. */
export type GatewayReason =
  | "ambiguous_request"
  | "body_unreadable"
  | "extraction_failed"
  | "no_route"
  | "request_too_large";

export interface GatewayRefusal {
  readonly refused: GatewayReason;
  /** For operators: may quote what the client sent, so it leaves the service in debug mode only. */
  readonly detail: string;
  /** The argument at fault, where one is known. */
  readonly field?: string;
}

export function refuse(refused: GatewayReason, text: string, field?: string): GatewayRefusal {
  const detail = text.slice(0, MAX_DETAIL_CHARS);
  return field === undefined ? { refused, detail } : { refused, detail, field };
}

/** A client must not be able to fill the log with what it sends. */
const MAX_DETAIL_CHARS = 1024;

export function isRefusal(result: unknown): result is GatewayRefusal {
  return typeof result === "object" && result !== null && "refused" in result;
}
