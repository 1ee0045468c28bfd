// One request over HTTP/2 as no library would let it be said, and its answer.
import type { HeaderLines } from "./client.ts";
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  headerBlock,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  takeFrames,
} from "./raw-http2.ts";
import { type AnswerReader, bodyBytes, type WireAnswer, type WireRequest } from "./wire-request.ts";

/** What every peer takes without being asked (RFC 9113 §6.5.2). */
const MAX_FRAME_BYTES = 16_384;

/** A connection with one request on it. The body has to fit the first window of 65,535 bytes. */
export function encodeHttp2(request: WireRequest): Buffer {
  const { method = "GET", target, headers = [], trailers } = request;
  const body = request.body === undefined ? undefined : bodyBytes(request);
  const authority = "host" in request ? request.host : "gateway.test";
  const pseudo = [
    [":method", method],
    [":scheme", "http"],
    [":path", target],
    [":authority", authority],
  ].filter((line): line is [string, string] => line[1] !== undefined);
  const last = trailers === undefined ? END_STREAM : 0;
  return Buffer.concat([
    Buffer.from(PREFACE),
    frame(SETTINGS, 0, 0),
    ...headerFrames([...pseudo, ...headers], body === undefined ? last : 0),
    ...(body === undefined ? [] : dataFrames(body, last)),
    ...(trailers === undefined ? [] : headerFrames(trailers, END_STREAM)),
  ]);
}

function headerFrames(lines: HeaderLines, flags: number): Buffer[] {
  const parts = cut(headerBlock(lines));
  return parts.map((part, i) => {
    const end = i === parts.length - 1 ? END_HEADERS : 0;
    return i === 0 ? frame(HEADERS, flags | end, 1, part) : frame(CONTINUATION, end, 1, part);
  });
}

function dataFrames(body: Buffer, flags: number): Buffer[] {
  const parts = cut(body);
  return parts.map((part, i) => frame(DATA, i === parts.length - 1 ? flags : 0, 1, part));
}

function cut(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / MAX_FRAME_BYTES));
  return Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * MAX_FRAME_BYTES, (i + 1) * MAX_FRAME_BYTES),
  );
}

/** Reads status and body of the answer on stream 1. */
export class Http2Answer implements AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);
  #status = 0;
  readonly #body: Buffer[] = [];

  read(bytes: Buffer, ended: boolean): WireAnswer | undefined {
    let isWhole = ended;
    this.#bytes = takeFrames(Buffer.concat([this.#bytes, bytes]), ({ type, flags, payload }) => {
      if (type === HEADERS && this.#status === 0) this.#status = statusOf(payload);
      if (type === DATA) this.#body.push(payload);
      if (type === RST_STREAM || type === GOAWAY) isWhole = true;
      if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) isWhole = true;
    });
    return isWhole ? this.#answer() : undefined;
  }

  #answer(): WireAnswer {
    return { status: this.#status, headers: {}, body: Buffer.concat(this.#body).toString("latin1") };
  }
}

/** `:status` comes first: from HPACK's table, or as a literal with the name from it, in Huffman codes or not. */
function statusOf(block: Buffer): number {
  const [first = 0, length = 0] = block;
  if ((first & 0x80) !== 0) return STATUS_IN_TABLE[first & 0x7f] ?? 0;
  const value = block.subarray(2, 2 + (length & 0x7f));
  return Number((length & 0x80) === 0 ? value.toString("latin1") : huffmanDigits(value));
}

const STATUS_IN_TABLE: Readonly<Record<number, number>> = {
  8: 200,
  9: 204,
  10: 206,
  11: 304,
  12: 400,
  13: 404,
  14: 500,
};

/** 0, 1 and 2 are five bits long, the other digits six (RFC 7541, appendix B). */
function huffmanDigits(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  let digits = "";
  for (let at = 0; digits.length < 3; ) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    at += short <= 2 ? 5 : 6;
    digits += short <= 2 ? short : Number.parseInt(bits.slice(at - 6, at), 2) - 0b011001 + 3;
  }
  return digits;
}
