import type { HeaderLines } from "./client.ts";

/** A request as a hostile client writes it: every text is sent as it stands, one byte a character. */
export interface WireRequest {
  /** HTTP/1.1 unless said. */
  readonly over?: "http2";
  readonly method?: string;
  /** Undefined leaves the pseudo header out, where there is one. */
  readonly target: string | undefined;
  /** `gateway.test` unless said; undefined leaves it out. */
  readonly host?: string | undefined;
  /** In this order and spelling. Over HTTP/2 those that start with `:` come beside the usual ones. */
  readonly headers?: HeaderLines;
  readonly body?: string | Uint8Array;
  /** How HTTP/1.1 tells where the body ends, by a length unless said. HTTP/2 needs neither. */
  readonly framing?: "length" | "chunked" | "none";
  readonly trailers?: HeaderLines;
}

export interface WireAnswer {
  /** 0 where the connection or stream ended without an answer. */
  readonly status: number;
  /** Lower-case names; empty over HTTP/2, where only the status is read. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Collects what a peer says, until it knows the answer. */
export interface AnswerReader {
  /** @returns the answer once it is whole; `ended` tells that nothing more will come. */
  read(bytes: Buffer, ended: boolean): WireAnswer | undefined;
}

/** The body as bytes, one a character where it is a text. */
export function bodyBytes({ body = "" }: WireRequest): Buffer {
  return typeof body === "string" ? Buffer.from(body, "latin1") : Buffer.from(body);
}
