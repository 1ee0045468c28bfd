import { connect } from "node:net";
import type { HeaderLines } from "./client.ts";
import type { Address } from "./stack.ts";
import { encodeHttp2, Http2Answer } from "./wire-http2.ts";
import { type AnswerReader, bodyBytes, type WireAnswer, type WireRequest } from "./wire-request.ts";

const TIMEOUT_MS = 15_000;

/** One request on a connection of its own, past every check of an HTTP library. */
export function sendWire({ host, port }: Address, request: WireRequest): Promise<WireAnswer> {
  const http2 = request.over === "http2";
  const bytes = http2 ? encodeHttp2(request) : encodeHttp1(request);
  const reader: AnswerReader = http2 ? new Http2Answer() : new Http1Answer(request.method === "HEAD");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.write(bytes));
    const look = (chunk: Buffer, ended: boolean): void => {
      const answer = reader.read(chunk, ended);
      if (answer === undefined) return;
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, () =>
      socket.destroy(new Error(`no answer to ${request.method ?? "GET"} ${request.target}`)),
    );
    socket.on("data", (chunk) => look(chunk, false));
    socket.on("error", (error) => {
      // A peer that resets the connection has refused what was sent.
      if ("code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE"))
        look(Buffer.alloc(0), true);
      else reject(error);
    });
    socket.on("close", () => look(Buffer.alloc(0), true));
  });
}

function encodeHttp1(request: WireRequest): Buffer {
  const { method = "GET", target = "", headers = [], framing = "length", trailers = [] } = request;
  const body = bodyBytes(request);
  const lines = [...hostLine(request), ...headers];
  if (framing === "chunked") lines.push(["transfer-encoding", "chunked"]);
  else if (framing === "length" && request.body !== undefined)
    lines.push(["content-length", String(body.length)]);
  const head = `${method} ${target} HTTP/1.1\r\n${text(lines)}\r\n`;
  if (framing !== "chunked") return Buffer.concat([Buffer.from(head, "latin1"), body]);
  const chunk = body.length === 0 ? "" : `${body.length.toString(16)}\r\n${body.toString("latin1")}\r\n`;
  return Buffer.from(`${head}${chunk}0\r\n${text(trailers)}\r\n`, "latin1");
}

function hostLine(request: WireRequest): HeaderLines {
  const host = "host" in request ? request.host : "gateway.test";
  return host === undefined ? [] : [["host", host]];
}

function text(lines: HeaderLines): string {
  return lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

class Http1Answer implements AnswerReader {
  readonly #bodiless: boolean;
  #text = "";

  /** @param bodiless whether an answer may tell a length without a body */
  constructor(bodiless: boolean) {
    this.#bodiless = bodiless;
  }

  read(bytes: Buffer, ended: boolean): WireAnswer | undefined {
    this.#text += bytes.toString("latin1");
    for (;;) {
      const end = this.#text.indexOf("\r\n\r\n");
      if (end < 0) return ended ? { status: 0, headers: {}, body: "" } : undefined;
      const [first = "", ...lines] = this.#text.slice(0, end).split("\r\n");
      const status = Number(first.split(" ")[1]);
      const rest = this.#text.slice(end + 4);
      if (status >= 200 || status === 101) return answerOf(status, lines, rest, ended || this.#bodiless);
      // An interim answer, such as 100.
      this.#text = rest;
    }
  }
}

function answerOf(
  status: number,
  lines: readonly string[],
  rest: string,
  ended: boolean,
): WireAnswer | undefined {
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = headers["content-length"];
  if (status === 101 || status === 204 || length === "0") return { status, headers, body: "" };
  if (length !== undefined && rest.length >= Number(length))
    return { status, headers, body: rest.slice(0, Number(length)) };
  if (headers["transfer-encoding"] === "chunked" && rest.endsWith("0\r\n\r\n"))
    return { status, headers, body: unchunk(rest) };
  return ended ? { status, headers, body: rest } : undefined;
}

function unchunk(text: string): string {
  let body = "";
  for (let at = 0; ; ) {
    const line = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
