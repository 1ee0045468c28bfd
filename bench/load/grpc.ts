import { once } from "node:events";
import { connect } from "node:http2";
import { PREFIX_BYTES } from "../../src/server/grpc/grpc-message.ts";
import { CHECK_PATH } from "../../src/server/grpc/grpc-server.ts";
import { decodeResponse } from "../../test/support/check-request.ts";
import type { Answer } from "./answer.ts";
import type { Lanes } from "./lane.ts";

const HEADERS = {
  ":method": "POST",
  ":path": CHECK_PATH,
  "content-type": "application/grpc",
  te: "trailers",
};

/** Opens one connection of HTTP/2, as a proxy's thread has; a lane is a call at a time on it. */
export async function openGrpc(port: number, count: number): Promise<Lanes> {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, "connect");
  session.on("error", () => {});
  const lane = {
    send: (request: Buffer, done: (answer: Answer | Error) => void): void => {
      const call = session.request(HEADERS);
      const chunks: Buffer[] = [];
      call.on("data", (chunk: Buffer) => chunks.push(chunk));
      call.on("error", done);
      call.on("end", () => done(readAnswer(Buffer.concat(chunks))));
      call.end(request);
    },
  };
  return { lanes: Array.from({ length: count }, () => lane), close: () => session.destroy() };
}

function readAnswer(frame: Buffer): Answer | Error {
  if (frame.length < PREFIX_BYTES) return new Error("the call got no message");
  const { deniedResponse: denied, okResponse: ok } = decodeResponse(frame.subarray(PREFIX_BYTES));
  if (denied == null) return { status: ok == null ? 0 : 200, reason: undefined };
  const reason = denied.headers?.find(({ header }) => header?.key === "x-tenuo-deny-reason");
  return { status: Number(denied.status?.code ?? 403), reason: reason?.header?.value };
}
