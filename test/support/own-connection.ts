import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ReceivedResponse } from "../../src/server/grpc/client.ts";
import { definitions } from "../../src/server/grpc/definitions.ts";
import { CHECK_PATH } from "../../src/server/grpc/grpc-server.ts";

/** One connection to an authorizer. Clients of grpc-js share theirs, where they ask the same address. */
export interface OwnConnection {
  /** @param http the request to judge, as in a CheckRequest. @throws where there is no verdict */
  readonly check: (http: object) => Promise<ReceivedResponse>;
  readonly isOpen: () => boolean;
  readonly close: () => void;
}

/** A port of loopback, with TLS where a CA is given, or the path of a Unix socket. */
export type Place = { readonly port: number; readonly ca?: Buffer } | { readonly path: string };

interface CheckMethod {
  readonly requestSerialize: (request: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => ReceivedResponse;
}
const { Check } = definitions["envoy.service.auth.v3.Authorization"] as unknown as {
  readonly Check: CheckMethod;
};
/** Not compressed, and the length. */
const FRAME_HEAD_BYTES = 5;

export async function connectOwn(place: Place): Promise<OwnConnection> {
  const session = connect("http://localhost", { createConnection: () => socketTo(place) });
  session.on("error", () => {});
  await once(session, "remoteSettings");
  return {
    check: (http) => check(session, http),
    isOpen: () => !session.closed && !session.destroyed,
    close: () => session.destroy(),
  };
}

function socketTo(place: Place) {
  if ("path" in place) return connectSocket(place);
  const { port, ca } = place;
  const address = { port, host: "127.0.0.1" };
  return ca === undefined ? connectSocket(address) : connectTls({ ...address, ca, ALPNProtocols: ["h2"] });
}

async function check(session: ClientHttp2Session, http: object): Promise<ReceivedResponse> {
  const message = Check.requestSerialize({ attributes: { request: { http } } });
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  const stream = session.request({
    ":method": "POST",
    ":path": CHECK_PATH,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(Buffer.concat([head, message]));
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  const answer = Buffer.concat(parts);
  if (answer.length <= FRAME_HEAD_BYTES) throw new Error("no verdict");
  return Check.responseDeserialize(answer.subarray(FRAME_HEAD_BYTES));
}

/** `allow`, or the reason of the denial. */
export function verdictIn({ okResponse, deniedResponse }: ReceivedResponse): string {
  return okResponse != null ? "allow" : String(JSON.parse(deniedResponse?.body ?? "{}").reason);
}
