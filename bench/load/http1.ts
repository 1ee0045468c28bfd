import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Answer } from "./answer.ts";
import type { Done, Lane, Lanes } from "./lane.ts";

/** One answer has to fit; what we ask for has no long ones. */
const BUFFER_BYTES = 64 * 1024;

/** Opens as many connections of HTTP/1.1 that are kept alive; each is a lane. */
export async function openHttp1(port: number, count: number): Promise<Lanes> {
  const opened = await Promise.all(Array.from({ length: count }, () => openOne(port)));
  return {
    lanes: opened.map(({ lane }) => lane),
    close: () => {
      for (const { socket } of opened) socket.destroy();
    },
  };
}

async function openOne(port: number): Promise<{ readonly lane: Lane; readonly socket: Socket }> {
  let waiting: Done | undefined;
  let text = "";
  const finish = (answer: Answer | Error): void => {
    const done = waiting;
    waiting = undefined;
    text = "";
    done?.(answer);
  };
  const take = (bytes: number, buffer: Uint8Array): boolean => {
    text += Buffer.from(buffer.buffer, buffer.byteOffset, bytes).toString("latin1");
    const answer = readAnswer(text);
    if (answer !== undefined) finish(answer);
    return true;
  };
  // One buffer for all that is read costs least.
  const onread = { buffer: Buffer.alloc(BUFFER_BYTES), callback: take };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
  await once(socket, "connect");
  socket.on("error", finish);
  socket.on("close", () => finish(new Error("the connection was closed")));
  const lane: Lane = {
    send: (request, done) => {
      waiting = done;
      socket.write(request);
    },
  };
  return { lane, socket };
}

/** @returns undefined until the answer is whole; its body is as long as the head says */
export function readAnswer(text: string): Answer | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1] ?? 0);
  if (text.length < headEnd + 4 + length) return undefined;
  const status = Number(text.slice(9, 12));
  const reason = status === 200 ? undefined : /\r\nx-tenuo-deny-reason: (\w+)/i.exec(text)?.[1];
  return { status, reason };
}
