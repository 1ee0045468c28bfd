/**
 * The request to decide on, as the proxy is about to forward it. Read once, at the edge; nothing here has been
 * normalised.
 */
export interface HttpRequest {
  /** As sent, case kept. */
  readonly method: string;
  /** Path and query as one text, from the first byte of the request target. */
  readonly target: string;
  /** Host and optional port; empty when the proxy sent none. */
  readonly authority: string;
  /** `HTTP/1.1`, `HTTP/2` …; empty when the proxy doesn't say. */
  readonly protocol: string;
  readonly headers: RequestHeaders;
  readonly body: RequestBody;
}

export interface RequestHeaders {
  /** Lower-case name to values, pseudo headers (`:path` …) left out. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
  /**
   * True when each value is one header line, one character a byte (latin1), as with Envoy's
   * `encode_raw_headers`. False when lines of one name were joined with commas and each byte that isn't UTF-8
   * was replaced by `!`, as in Envoy's plain `headers`.
   */
  readonly exact: boolean;
}

export interface RequestBody {
  /** Empty when the proxy sent no body, for whatever reason. */
  readonly bytes: Uint8Array;
  /** False when each byte that isn't UTF-8 may have been replaced by `!` (Envoy without `pack_as_bytes`). */
  readonly exact: boolean;
}
