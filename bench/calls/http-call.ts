import { serializeAttributes } from "../../test/support/check-request.ts";
import { grpcMessage } from "../../test/support/raw-http2.ts";

const HOST = "api.test";
const CLIENT = { address: { socketAddress: { address: "127.0.0.1", portValue: 40000 } } };
const GATEWAY = { address: { socketAddress: { address: "127.0.0.1", portValue: 8080 } } };

/** One request of an agent, whatever it is sent over. */
export interface HttpCall {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The bytes that go to a proxy over HTTP/1.1. */
export function toHttp1({ method, target, headers, body }: HttpCall): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${HOST}`, ...headers.map((line) => line.join(": "))];
  if (body !== "") lines.push(`content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** The message that Envoy makes of it with the settings of envoy/gateway.yaml, framed for gRPC. */
export function toCheckRequest({ method, target, headers, body }: HttpCall): Buffer {
  const lines = [
    [":authority", HOST],
    [":path", target],
    [":method", method],
    [":scheme", "http"],
    ...headers,
    ...(body === "" ? [] : [["content-length", String(Buffer.byteLength(body))]]),
    ["x-forwarded-proto", "http"],
    ["x-request-id", "4f2c1d9a-7c0b-4a8e-9d53-0f1b6a2e8c71"],
  ] as const;
  const http = {
    ...{ id: "4107318436217205581", method, path: target, host: HOST, scheme: "http", protocol: "HTTP/1.1" },
    headerMap: { headers: lines.map(([key = "", value = ""]) => ({ key, rawValue: Buffer.from(value) })) },
    size: -1,
    rawBody: Buffer.from(body),
  };
  const request = { time: { seconds: 1_800_000_000, nanos: 1000 }, http };
  return grpcMessage(serializeAttributes({ source: CLIENT, destination: GATEWAY, request }));
}
