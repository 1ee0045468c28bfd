import { type Agent, request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { Address } from "./stack.ts";

export type HeaderLines = readonly (readonly [string, string])[];

/** The two headers of a call. */
export function credentials(warrant: string, proof: string): HeaderLines {
  return [
    ["x-tenuo-warrant", warrant],
    ["x-tenuo-pop", proof],
  ];
}

export interface Request {
  readonly method?: string;
  /** Sent as it stands, one byte a character. */
  readonly target: string;
  /** Sent in this order and spelling; a name may occur twice. */
  readonly headers?: HeaderLines;
  readonly body?: string | Uint8Array;
}

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const TIMEOUT_MS = 15_000;

/** One request over HTTP/1.1, with nothing normalised on the way out. */
export function send(
  { host, port }: Address,
  request: Request,
  agent: Agent | false = false,
): Promise<Response> {
  const { method = "GET", target, headers = [], body } = request;
  const lines = [["host", "gateway.test"], ...headers];
  if (body !== undefined) lines.push(["content-length", String(Buffer.byteLength(body))]);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host, port, method, path: target, headers: lines.flat(), agent, timeout: TIMEOUT_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      },
    );
    sent.on("error", reject);
    sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${target} in ${TIMEOUT_MS} ms`)));
    sent.end(body);
  });
}

/**
 * One request over HTTP/2, which lets bytes through in a path that HTTP/1.1 parsers refuse, and a body that no header
 * announces.
 */
export function sendHttp2(
  { host, port }: Address,
  { method = "GET", target, headers = [], body }: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${host}:${port}`);
    session.on("error", reject);
    const stream = session.request(
      { ":method": method, ":path": target, ":authority": "gateway.test", ...Object.fromEntries(headers) },
      { endStream: body === undefined },
    );
    if (body !== undefined) stream.end(body);
    let answer: Response["headers"] = {};
    const chunks: Buffer[] = [];
    stream.setTimeout(TIMEOUT_MS, () =>
      stream.destroy(new Error(`no answer to ${target} in ${TIMEOUT_MS} ms`)),
    );
    stream.on("response", (lines) => {
      answer = lines as Response["headers"];
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      session.close();
      resolve({
        status: Number(answer[":status"]),
        headers: answer,
        body: Buffer.concat(chunks).toString("utf8"),
      });
    });
  });
}
