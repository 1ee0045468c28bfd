import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { PREFIX_BYTES } from "../../src/server/grpc/grpc-message.ts";
import type { HeaderLines } from "./client.ts";

/** Types and flags of frames (RFC 9113 §6). */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;
export const END_STREAM = 1;
export const END_HEADERS = 4;

const FRAME_HEAD_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Takes the whole frames from the front of what a peer sent. @returns the bytes that are left */
export function takeFrames(bytes: Buffer, take: (frame: Frame) => void): Buffer {
  let at = 0;
  while (bytes.length - at >= FRAME_HEAD_BYTES) {
    const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [type, flags] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4)];
    const payload = bytes.subarray(at + FRAME_HEAD_BYTES, end);
    take({ type, flags, stream: bytes.readUInt32BE(at + 5), payload });
    at = end;
  }
  return bytes.subarray(at);
}

/** Header lines that leave no trace in the peer's table, one byte a character. */
export function headerBlock(lines: HeaderLines): Buffer {
  return Buffer.concat(lines.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

/** A text without Huffman codes (RFC 7541 §5.2). */
function literal(text: string): Buffer {
  const length: number[] = [];
  let rest = text.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.from([
    ...(rest < 0 ? [text.length] : [127, ...length, rest]),
    ...Buffer.from(text, "latin1"),
  ]);
}

/** The lines that head a call of `Check`. */
export const CALL_LINES = {
  ":method": "POST",
  ":scheme": "http",
  ":path": "/envoy.service.auth.v3.Authorization/Check",
  ":authority": "authorizer",
  "content-type": "application/grpc",
  te: "trailers",
};

/** The head of a call of `Check`, with lines replaced and added. */
export function callHead(changes: Readonly<Record<string, string>> = {}): Buffer {
  return headerBlock(Object.entries({ ...CALL_LINES, ...changes }));
}

/** A message as gRPC frames it. */
export function grpcMessage(message: Buffer, flag = 0, length: number = message.length): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

/** HTTP/2 by hand: sends whatever it is told, and reads frames. It never answers by itself. */
export interface RawHttp2 {
  readonly socket: Socket;
  /** Waits while the peer doesn't read; does nothing once the connection is closed. */
  readonly send: (...frames: readonly Buffer[]) => Promise<void>;
  /** All so far. */
  readonly frames: () => readonly Frame[];
  readonly isClosed: () => boolean;
}

export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export async function openRaw(port: number, settings: Buffer = frame(SETTINGS, 0, 0)): Promise<RawHttp2> {
  const socket = connect(port, "127.0.0.1");
  let received: Buffer = Buffer.alloc(0);
  const frames: Frame[] = [];
  let closed = false;
  socket.on("error", () => {});
  socket.once("close", () => {
    closed = true;
  });
  socket.on("data", (chunk) => {
    received = takeFrames(Buffer.concat([received, chunk]), (each) => frames.push(each));
  });
  await once(socket, "connect");
  socket.write(Buffer.concat([Buffer.from(PREFACE), settings]));
  return {
    socket,
    send: async (...parts) => {
      if (closed || socket.destroyed || socket.write(Buffer.concat(parts))) return;
      await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
    },
    frames: () => frames,
    isClosed: () => closed,
  };
}
