import { MAX_HEADER_CHARS, MAX_HEADER_LINES, MAX_TARGET_CHARS } from "../../gateway/limits.ts";
import { type GatewayRefusal, refuse } from "../../gateway/refusal.ts";
import type { HttpRequest, RequestBody, RequestHeaders } from "../../gateway/request.ts";
import { type Message, ProtobufError, type Visit, visitFields } from "../grpc/protobuf-reader.ts";
import type { Caller } from "../outcome.ts";
import { readTraceParent } from "../trace-parent.ts";

/** What a CheckRequest asks about. */
export interface Question {
  readonly request: HttpRequest;
  readonly caller: Caller;
}

/** Numbers of the fields in the messages of `proto/`, outermost first; whatever else a CheckRequest has isn't read. */
const CHECK_REQUEST = { attributes: 1 };
const ATTRIBUTES = { source: 1, request: 4 };
const PEER = { address: 1 };
const ADDRESS = { socketAddress: 1 };
const SOCKET_ADDRESS = { address: 2 };
const REQUEST = { http: 2 };
const HTTP = { method: 2, headers: 3, path: 4, host: 5, protocol: 10, body: 11, rawBody: 12, headerMap: 13 };
const HEADER_MAP = { headers: 1 };
const HEADER = { key: 1, value: 2, rawValue: 3 };

/** A header takes four; the rest is room for metadata. */
const MAX_FIELDS = 10 * MAX_HEADER_LINES;
/** Bytes of all texts together; one character takes up to three. */
const MAX_TEXT_BYTES = 3 * (MAX_HEADER_CHARS + MAX_TARGET_CHARS);

/**
 * Reads a CheckRequest into our own terms, in time bounded by what may come of it. Whatever the proxy left out comes
 * out empty, and is then refused by what needs it: a caller without Envoy's habits may send neither headers nor a path.
 *
 * @returns `ambiguous_request` for bytes that aren't one, `request_too_large` for more headers than are judged
 */
export function readCheckRequest(bytes: Buffer): Question | GatewayRefusal {
  try {
    return new Reader(bytes).read();
  } catch (error) {
    if (error instanceof TooLarge) return refuse("request_too_large", error.message);
    if (error instanceof ProtobufError)
      return refuse("ambiguous_request", `the bytes aren't a CheckRequest: ${error.message}`);
    throw error;
  }
}

class TooLarge extends Error {}

class Reader {
  readonly #bytes: Buffer;
  readonly #message: Message;
  #textBytes = 0;
  #lines = 0;

  #method = "";
  #path = "";
  #host = "";
  #protocol = "";
  #client = "";
  #body = NO_BYTES;
  #rawBody = NO_BYTES;
  /** As the proxy repaired and joined them, and line by line in exact bytes; it sends one or the other. */
  readonly #joined = new Map<string, string[]>();
  readonly #raw = new Map<string, string[]>();
  #hasRaw = false;
  /** Of the exact form, where it has them. */
  #rawPath: string | undefined;
  #rawAuthority: string | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#message = { bytes, at: 0, left: MAX_FIELDS };
  }

  read(): Question {
    this.#visit(0, this.#bytes.length, (field, start, end) => {
      if (field === CHECK_REQUEST.attributes) this.#attributes(start, end);
    });
    const headers = { lines: this.#hasRaw ? this.#raw : this.#joined, exact: this.#hasRaw };
    const request: HttpRequest = {
      method: this.#method,
      target: this.#rawPath ?? this.#path,
      authority: this.#rawAuthority ?? this.#host,
      protocol: this.#protocol,
      headers,
      body: this.#requestBody(),
    };
    return { request, caller: this.#caller(headers) };
  }

  #attributes(start: number, end: number): void {
    this.#visit(start, end, (field, from, to) => {
      if (field === ATTRIBUTES.source) this.#source(from, to);
      else if (field === ATTRIBUTES.request) this.#request(from, to);
    });
  }

  #source(start: number, end: number): void {
    this.#inside(PEER.address, start, end, (address, addressEnd) =>
      this.#inside(ADDRESS.socketAddress, address, addressEnd, (socket, socketEnd) =>
        this.#inside(SOCKET_ADDRESS.address, socket, socketEnd, (from, to) => {
          this.#client = this.#text(from, to);
        }),
      ),
    );
  }

  #request(start: number, end: number): void {
    this.#inside(REQUEST.http, start, end, (http, httpEnd) =>
      this.#visit(http, httpEnd, (field, from, to) => {
        switch (field) {
          case HTTP.method:
            this.#method = this.#text(from, to);
            break;
          case HTTP.path:
            this.#path = this.#text(from, to);
            break;
          case HTTP.host:
            this.#host = this.#text(from, to);
            break;
          case HTTP.protocol:
            this.#protocol = this.#text(from, to);
            break;
          case HTTP.body:
            this.#body = this.#bytes.subarray(from, to);
            break;
          case HTTP.rawBody:
            this.#rawBody = this.#bytes.subarray(from, to);
            break;
          case HTTP.headers:
            this.#header(from, to, this.#joined);
            break;
          case HTTP.headerMap:
            this.#inside(HEADER_MAP.headers, from, to, (header, headerEnd) =>
              this.#header(header, headerEnd, this.#raw),
            );
        }
      }),
    );
  }

  /** A header of either form: the entry of a map has the same numbers for name and value. */
  #header(start: number, end: number, lines: Map<string, string[]>): void {
    if (++this.#lines > MAX_HEADER_LINES) throw new TooLarge(`more than ${MAX_HEADER_LINES} header lines`);
    const isRaw = lines === this.#raw;
    let name = "";
    let value = "";
    let rawValue = "";
    this.#visit(start, end, (field, from, to) => {
      if (field === HEADER.key) name = this.#text(from, to).toLowerCase();
      else if (field === HEADER.value) value = this.#text(from, to);
      else if (field === HEADER.rawValue && isRaw) rawValue = this.#text(from, to, "latin1");
    });
    const sent = rawValue === "" ? value : rawValue;
    if (isRaw) this.#hasRaw = true;
    if (name.startsWith(":")) {
      if (isRaw) this.#pseudoHeader(name, sent);
      return;
    }
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [sent]);
    else known.push(sent);
  }

  #pseudoHeader(name: string, value: string): void {
    if (name === ":path") this.#rawPath ??= value;
    else if (name === ":authority") this.#rawAuthority ??= value;
  }

  #requestBody(): RequestBody {
    if (this.#rawBody.length > 0) return { bytes: this.#rawBody, exact: true };
    return { bytes: this.#body, exact: this.#body.length === 0 };
  }

  #caller({ lines }: RequestHeaders): Caller {
    return {
      client: this.#client || undefined,
      envoyRequestId: lines.get("x-request-id")?.[0],
      parent: readTraceParent(lines.get("traceparent"), lines.get("tracestate")),
    };
  }

  #visit(start: number, end: number, visit: Visit): void {
    visitFields(this.#message, start, end, visit);
  }

  /** Visits one field only. */
  #inside(wanted: number, start: number, end: number, visit: (start: number, end: number) => void): void {
    this.#visit(start, end, (field, from, to) => {
      if (field === wanted) visit(from, to);
    });
  }

  /** One character a byte in latin1. */
  #text(start: number, end: number, encoding: "utf8" | "latin1" = "utf8"): string {
    this.#textBytes += end - start;
    if (this.#textBytes > MAX_TEXT_BYTES) throw new TooLarge("the request line and the headers are too long");
    return this.#bytes.toString(encoding, start, end);
  }
}

const NO_BYTES: Buffer = Buffer.alloc(0);

/** What is judged and logged where the question couldn't be read: one that says nothing. */
export const NOTHING: Question = new Reader(NO_BYTES).read();
