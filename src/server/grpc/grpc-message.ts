import { constants, type ServerHttp2Stream, type ServerStreamResponseOptions } from "node:http2";
import type { Peers } from "./peers.ts";

/** Why there is no message to read. */
export interface Unreceived {
  readonly refused: "ambiguous_request" | "request_too_large" | "overloaded";
  readonly detail: string;
}

/** gRPC puts a flag (1: compressed) and four bytes of length in front of each message. */
export const PREFIX_BYTES = 5;
const UNCOMPRESSED = 0;

/**
 * Reads the one message of a call. Calls `done` once, or never where the caller goes away first.
 *
 * @param maxBytes of the message, without what gRPC puts around it
 */
export function receiveMessage(
  stream: ServerHttp2Stream,
  maxBytes: number,
  peers: Peers,
  done: (received: Buffer | Unreceived) => void,
): void {
  let frame = NOTHING;
  let used = 0;
  let settled = false;
  const settle = (): void => {
    settled = true;
    peers.over(wait);
    peers.release(frame.length);
    frame = NOTHING;
  };
  const finish = (received: Buffer | Unreceived): void => {
    if (settled) return;
    settle();
    done(received);
  };
  const wait = peers.waitForMessage(stream, () => finish(LATE));

  stream.on("data", (chunk: Buffer) => {
    if (settled) return;
    const needed = used + chunk.length;
    if (needed > frame.length) {
      // Twice as much each time, so that single bytes cost no more than the same bytes in one piece; not more than is said
      // to come.
      const whole = used < PREFIX_BYTES ? 0 : PREFIX_BYTES + frame.readUInt32BE(1);
      const room = used === 0 ? needed : Math.max(needed, Math.min(2 * needed, whole));
      if (!peers.take(room - frame.length)) return finish(CROWDED);
      const larger = Buffer.allocUnsafe(room);
      frame.copy(larger, 0, 0, used);
      frame = larger;
    }
    chunk.copy(frame, used);
    used = needed;
    if (used < PREFIX_BYTES) return;
    const promised = frame.readUInt32BE(1);
    if (promised > maxBytes) finish(TOO_LARGE);
    // There may be more of it without end, and it is no one message whatever comes.
    else if (used - PREFIX_BYTES > promised) finish(NOT_ONE);
  });
  stream.on("end", () => {
    // Also where the caller has taken the call back, and then nobody waits.
    if (isOpen(stream)) finish(messageOf(frame.subarray(0, used)));
  });
  stream.on("close", () => {
    if (!settled) settle();
  });
}

const NOTHING: Buffer = Buffer.alloc(0);

const LATE: Unreceived = { refused: "overloaded", detail: "the CheckRequest didn't arrive in time" };
const CROWDED: Unreceived = { refused: "overloaded", detail: "too many CheckRequests arrive at once" };
const TOO_LARGE: Unreceived = { refused: "request_too_large", detail: "the CheckRequest is too large" };
const NOT_ONE: Unreceived = {
  refused: "ambiguous_request",
  detail: "the call isn't made of one uncompressed message",
};

function messageOf(frame: Buffer): Buffer | Unreceived {
  const isOne =
    frame.length >= PREFIX_BYTES &&
    frame[0] === UNCOMPRESSED &&
    frame.readUInt32BE(1) === frame.length - PREFIX_BYTES;
  return isOne ? frame.subarray(PREFIX_BYTES) : NOT_ONE;
}

type Headers = Readonly<Record<string, string | number>>;

type List = readonly string[];

/**
 * How an answer in gRPC begins. Node takes a list from 24.7 on, and sends it as it is; an object it copies, and keeps with the
 * call. A list is made for each answer, as Node may add to it.
 *
 * @param version of Node, as in `process.version`
 */
export function answerHeadFor(version: string): () => Headers | List {
  if (/^v24\.[0-6]\./.test(version)) return () => ({ ":status": 200, "content-type": "application/grpc" });
  return () => [":status", "200", "content-type", "application/grpc"];
}

const answerHead = answerHeadFor(process.version);

const IN_HTTP = { waitForTrailers: true };
/** The date is of use to caches; gRPC has none. */
const IN_GRPC = { ...IN_HTTP, sendDate: false };

/** Whether an answer can still go out. */
export function isOpen(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && stream.writable;
}

/** Answers with one message and success; does nothing for a caller that has gone. */
export function sendMessage(stream: ServerHttp2Stream, message: Buffer, peers: Peers): void {
  startMessages(stream);
  writeMessage(stream, message);
  end(stream, peers);
}

/** Begins an answer of several messages; they end with success when the stream is ended. */
export function startMessages(stream: ServerHttp2Stream): void {
  begin(stream, answerHead(), { "grpc-status": "0" });
}

/**
 * The trailers are asked for once all before them is on its way. Only then is the call left, also where nothing but headers
 * is answered: what is left earlier isn't seen any more, but held for a peer that reads nothing.
 */
function begin(
  stream: ServerHttp2Stream,
  head: Headers | List,
  trailers: Headers,
  options: ServerStreamResponseOptions = IN_GRPC,
): void {
  if (!isOpen(stream)) return;
  stream.respond(head, options);
  stream.on("wantTrailers", () => {
    stream.sendTrailers(trailers);
    // What the caller still sends isn't wanted.
    if (!stream.readableEnded) setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  });
}

function end(stream: ServerHttp2Stream, peers: Peers): void {
  if (!isOpen(stream)) return;
  stream.end();
  const wait = peers.waitForTaking(stream);
  stream.on("close", () => peers.over(wait));
}

export function writeMessage(stream: ServerHttp2Stream, message: Buffer): void {
  if (!isOpen(stream)) return;
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = UNCOMPRESSED;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, PREFIX_BYTES);
  stream.write(frame);
}

/** Codes of gRPC. */
export const NOT_FOUND = 5;
export const RESOURCE_EXHAUSTED = 8;
export const UNIMPLEMENTED = 12;
export const INTERNAL = 13;

/** Answers with an error of gRPC. Never for a check: a proxy told to fail open would let the request pass. */
export function sendError(stream: ServerHttp2Stream, code: number, message: string, peers: Peers): void {
  begin(stream, answerHead(), { "grpc-status": String(code), "grpc-message": message });
  end(stream, peers);
}

/** Answers with headers alone, to a caller that speaks HTTP. */
export function refuse(stream: ServerHttp2Stream, head: Headers, peers: Peers): void {
  begin(stream, head, {}, IN_HTTP);
  end(stream, peers);
}
