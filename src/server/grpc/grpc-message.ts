import { constants, type ServerHttp2Stream } from "node:http2";
import { REQUEST_MS, RESPONSE_MS } from "../limits.ts";

/** Why there is no message to read. */
export interface Unreceived {
  readonly refused: "ambiguous_request" | "request_too_large" | "overloaded";
  readonly detail: string;
}

/** Bytes of messages that are still arriving, over all calls of a server. */
export interface Arriving {
  /** @returns false where there is no room for so many more. */
  readonly take: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
}

export function createArriving(maxBytes: number): Arriving {
  let held = 0;
  return {
    take: (bytes) => {
      if (held + bytes > maxBytes) return false;
      held += bytes;
      return true;
    },
    release: (bytes) => {
      held -= bytes;
    },
  };
}

/** gRPC puts a flag (1: compressed) and four bytes of length in front of each message. */
export const PREFIX_BYTES = 5;

/**
 * Reads the one message of a call. Calls `done` once, or never where the caller goes away first.
 *
 * @param maxBytes of the message, without what gRPC puts around it
 */
export function receiveMessage(
  stream: ServerHttp2Stream,
  maxBytes: number,
  arriving: Arriving,
  done: (received: Buffer | Unreceived) => void,
): void {
  let frame = NOTHING;
  let used = 0;
  let settled = false;
  const settle = (): void => {
    settled = true;
    clearTimeout(late);
    arriving.release(frame.length);
    frame = NOTHING;
  };
  const finish = (received: Buffer | Unreceived): void => {
    if (settled) return;
    settle();
    done(received);
  };
  const late = setTimeout(() => finish(LATE), REQUEST_MS);

  stream.on("data", (chunk: Buffer) => {
    if (settled) return;
    const needed = used + chunk.length;
    if (needed > frame.length) {
      // Twice as much each time, so that single bytes cost no more than the same bytes in one piece; not more than is said
      // to come.
      const whole = used < PREFIX_BYTES ? 0 : PREFIX_BYTES + frame.readUInt32BE(1);
      const room = used === 0 ? needed : Math.max(needed, Math.min(2 * needed, whole));
      if (!arriving.take(room - frame.length)) return finish(CROWDED);
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
  stream.once("end", () => {
    // Also where the caller has taken the call back, and then nobody waits.
    if (isOpen(stream)) finish(messageOf(frame.subarray(0, used)));
  });
  stream.once("close", () => {
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
    frame.length >= PREFIX_BYTES && frame[0] === 0 && frame.readUInt32BE(1) === frame.length - PREFIX_BYTES;
  return isOne ? frame.subarray(PREFIX_BYTES) : NOT_ONE;
}

const ANSWER_HEAD = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity",
} as const;

/** Whether an answer can still go out. */
export function isOpen(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && stream.writable;
}

/** Answers with one message and success; does nothing for a caller that has gone. */
export function sendMessage(stream: ServerHttp2Stream, message: Buffer): void {
  startMessages(stream);
  writeMessage(stream, message);
  if (!isOpen(stream)) return;
  stream.end();
  const untaken = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), RESPONSE_MS);
  stream.once("close", () => clearTimeout(untaken));
}

/** Begins an answer of several messages; they end with success when the stream is ended. */
export function startMessages(stream: ServerHttp2Stream): void {
  if (!isOpen(stream)) return;
  stream.respond(ANSWER_HEAD, { waitForTrailers: true });
  stream.once("wantTrailers", () => {
    stream.sendTrailers({ "grpc-status": "0" });
    leave(stream);
  });
}

export function writeMessage(stream: ServerHttp2Stream, message: Buffer): void {
  if (!isOpen(stream)) return;
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  stream.write(Buffer.concat([prefix, message]));
}

/** Codes of gRPC. */
export const NOT_FOUND = 5;
export const RESOURCE_EXHAUSTED = 8;
export const UNIMPLEMENTED = 12;
export const INTERNAL = 13;

/** Answers with an error of gRPC. Never for a check: a proxy told to fail open would let the request pass. */
export function sendError(stream: ServerHttp2Stream, code: number, message: string): void {
  refuse(stream, { ...ANSWER_HEAD, "grpc-status": String(code), "grpc-message": message });
}

/** Answers with headers alone. */
export function refuse(stream: ServerHttp2Stream, headers: Readonly<Record<string, string | number>>): void {
  if (!isOpen(stream)) return;
  stream.respond(headers, { endStream: true });
  leave(stream);
}

/** After the answer: what the caller still sends isn't wanted. */
function leave(stream: ServerHttp2Stream): void {
  if (!stream.readableEnded) setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
}
