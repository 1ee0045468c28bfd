import type { HttpRequest } from "../../../src/gateway/request.ts";

/** A request as a test writes it; a text of the body is sent as UTF-8 with its length. */
export interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly authority?: string;
  readonly protocol?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
  /** False for a body without `content-length`, as HTTP/2 allows. */
  readonly announced?: boolean;
  /** False for what Envoy sends without raw headers and `pack_as_bytes`. */
  readonly exact?: boolean;
}

/** Header values and target are given as bytes, one character each, unless `exact` is false. */
export function request(sent: Sent): HttpRequest {
  const lines = new Map<string, string[]>();
  for (const [name, value] of sent.headers ?? []) {
    const key = name.toLowerCase();
    lines.set(key, [...(lines.get(key) ?? []), value]);
  }
  const bytes = typeof sent.body === "string" ? Buffer.from(sent.body) : (sent.body ?? new Uint8Array());
  if (sent.body !== undefined && sent.announced !== false && !lines.has("content-length")) {
    lines.set("content-length", [String(bytes.length)]);
  }
  const exact = sent.exact ?? true;
  return {
    method: sent.method ?? "GET",
    target: sent.target ?? "/t",
    authority: sent.authority ?? "t",
    protocol: sent.protocol ?? "HTTP/1.1",
    headers: { lines, exact },
    body: { bytes, exact },
  };
}

/** UTF-8 bytes, one character each. */
export function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
