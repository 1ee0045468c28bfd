import type { HttpRequest, RequestBody, RequestHeaders } from "../gateway/request.ts";
import type { CheckRequest } from "./grpc.ts";

/** Where the call came from and what others call it; for the log alone, never for a decision. */
export interface Caller {
  /** Address of the client as the proxy saw it. */
  readonly client: string | undefined;
  readonly envoyRequestId: string | undefined;
  /** From the W3C `traceparent`. */
  readonly traceId: string | undefined;
}

type Http = NonNullable<NonNullable<CheckRequest["attributes"]>["request"]>["http"];

/**
 * The checked request in our own terms. Whatever the proxy left out comes out empty, and is then refused by what
 * needs it: a caller without Envoy's habits may send neither headers nor a path.
 */
export function toHttpRequest(check: CheckRequest): HttpRequest {
  const http = check.attributes?.request?.http;
  const headers = toHeaders(http);
  return {
    method: http?.method ?? "",
    target: rawHeader(http, ":path") ?? http?.path ?? "",
    authority: rawHeader(http, ":authority") ?? http?.host ?? "",
    protocol: http?.protocol ?? "",
    headers,
    body: toBody(http),
  };
}

export function toCaller(check: CheckRequest, headers: RequestHeaders): Caller {
  const socket = check.attributes?.source?.address?.socketAddress;
  return {
    client: socket?.address || undefined,
    envoyRequestId: headers.lines.get("x-request-id")?.[0],
    traceId: /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(headers.lines.get("traceparent")?.[0] ?? "")?.[1],
  };
}

/** With `encode_raw_headers` each line comes on its own, in exact bytes; otherwise joined and repaired. */
function toHeaders(http: Http | undefined): RequestHeaders {
  const lines = new Map<string, string[]>();
  const add = (key: string, value: string): void => {
    if (key.startsWith(":")) return;
    const name = key.toLowerCase();
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [value]);
    else known.push(value);
  };
  const raw = http?.headerMap?.headers ?? [];
  for (const { key, value, rawValue } of raw) add(key, textOf(value, rawValue));
  if (raw.length > 0) return { lines, exact: true };
  for (const [key, value] of Object.entries(http?.headers ?? {})) add(key, value);
  return { lines, exact: false };
}

/** The exact bytes of a pseudo header, which Envoy's own fields hold in repaired form. */
function rawHeader(http: Http | undefined, name: string): string | undefined {
  const header = http?.headerMap?.headers.find(({ key }) => key === name);
  return header === undefined ? undefined : textOf(header.value, header.rawValue);
}

/** One character a byte; a sender may use either field. */
function textOf(value: string, rawValue: Buffer): string {
  return rawValue.length > 0 ? rawValue.toString("latin1") : value;
}

function toBody(http: Http | undefined): RequestBody {
  if (http == null) return { bytes: new Uint8Array(), exact: true };
  if (http.rawBody.length > 0) return { bytes: http.rawBody, exact: true };
  return { bytes: Buffer.from(http.body, "utf8"), exact: http.body === "" };
}
