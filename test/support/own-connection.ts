import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type CheckResponse, responseIn, serializeCheck } from "./check-request.ts";
import { CALL_LINES, grpcMessage } from "./raw-http2.ts";

/** One connection to an authorizer. Clients of grpc-js share theirs, where they ask the same address. */
export interface OwnConnection {
  /** @param http the request to judge, as in a CheckRequest. @throws where there is no verdict */
  readonly check: (http: object) => Promise<CheckResponse>;
  readonly isOpen: () => boolean;
  readonly close: () => void;
}

/** A port of loopback, with TLS where a CA is given, or the path of a Unix socket. */
export type Place = { readonly port: number; readonly ca?: Buffer } | { readonly path: string };

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

async function check(session: ClientHttp2Session, http: object): Promise<CheckResponse> {
  const stream = session.request(CALL_LINES);
  stream.end(grpcMessage(serializeCheck(http)));
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return responseIn(Buffer.concat(parts));
}
