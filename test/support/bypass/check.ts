import type { connectAuthorization, ReceivedResponse } from "../../../src/server/grpc/client.ts";
import type { HeaderLines } from "../client.ts";
import type { Received } from "../upstream.ts";
import { bodyBytes, type WireRequest } from "../wire-request.ts";

type Question = Parameters<ReturnType<typeof connectAuthorization>["check"]>[0];

/**
 * What a proxy that changes nothing asks about a request.
 *
 * @param raw with `encode_raw_headers` and `pack_as_bytes`, or else in texts, where lines of one name are joined and `!`
 *   stands for each byte that isn't UTF-8
 */
export function toQuestion(request: WireRequest, raw: boolean): Question {
  const { method = "GET", target = "" } = request;
  const host = hostOf(request);
  const lines = headerLines(request);
  const common = { method, host: repaired(host), path: repaired(target), protocol: protocolOf(request) };
  const body = bodyBytes(request);
  if (!raw) {
    const headers: Record<string, string> = {};
    for (const [name, value] of lines) {
      const known = headers[name];
      headers[name] = repaired(known === undefined ? value : `${known},${value}`);
    }
    const text = repaired(body.toString("latin1"));
    return { attributes: { request: { http: { ...common, headers, body: text } } } };
  }
  const pseudo = [
    [":method", method],
    [":path", target],
    [":authority", host],
  ] as const;
  const headers = [...pseudo, ...lines].map(([key, value]) => ({
    key,
    rawValue: Buffer.from(value, "latin1"),
  }));
  return { attributes: { request: { http: { ...common, headerMap: { headers }, rawBody: body } } } };
}

/** What reaches the upstream when the proxy does what the service says, and nothing else. */
export function forwarded(request: WireRequest, { okResponse }: ReceivedResponse): Received {
  const set = (okResponse?.headers ?? []).map(
    ({ header }) => [header?.key ?? "", header?.value ?? ""] as const,
  );
  const gone = new Set([...(okResponse?.headersToRemove ?? []), ...set.map(([name]) => name)]);
  const kept = headerLines(request).filter(([name]) => !gone.has(name));
  return {
    method: request.method ?? "GET",
    target: request.target ?? "",
    headers: [["host", hostOf(request)], ...kept, ...set],
    body: bodyBytes(request).toString("base64"),
  };
}

function hostOf(request: WireRequest): string {
  return ("host" in request ? request.host : "gateway.test") ?? "";
}

function protocolOf({ over }: WireRequest): string {
  return over === "http2" ? "HTTP/2" : "HTTP/1.1";
}

/** In small letters, with those that tell the length of the body over HTTP/1.1. */
function headerLines(request: WireRequest): HeaderLines {
  const { over, headers = [], framing = "length", body } = request;
  const framed: HeaderLines =
    framing === "chunked"
      ? [["transfer-encoding", "chunked"]]
      : framing === "length" && body !== undefined && over !== "http2"
        ? [["content-length", String(bodyBytes(request).length)]]
        : [];
  return [...headers, ...framed].map(([name, value]) => [name.toLowerCase(), value]);
}

/** Bytes as text, each that isn't UTF-8 as `!`. */
function repaired(bytes: string): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((count) => isUtf8(bytes.slice(at, at + count)));
    text += length === undefined ? "!" : Buffer.from(bytes.slice(at, at + length), "latin1").toString("utf8");
    at += length ?? 1;
  }
  return text;
}

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(bytes: string): boolean {
  try {
    return STRICT.decode(Buffer.from(bytes, "latin1")) !== "";
  } catch {
    return false;
  }
}
