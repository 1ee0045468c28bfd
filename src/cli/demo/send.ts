import { connectAuthorization } from "../../server/grpc/client.ts";
import { request as httpRequest } from "../../server/http.ts";

/** Numbers of the statuses that the protobuf decoder gives by name. */
const STATUS_NUMBERS: Readonly<Record<string, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  PayloadTooLarge: 413,
  ServiceUnavailable: 503,
};

/** One request of an agent. */
export interface AgentRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  /** Content of `x-tenuo-deny-reason`. */
  readonly reason: string | undefined;
}

export type Send = (request: AgentRequest) => Promise<Answer>;

/** Over HTTP, through a proxy that asks the authorizer. */
export function throughProxy(port: number): Send {
  return ({ method, target, headers, body }) =>
    new Promise((resolve, reject) => {
      const request = httpRequest({ host: "127.0.0.1", port, method, path: target, headers }, (response) => {
        const reason = response.headers["x-tenuo-deny-reason"];
        response.resume();
        resolve({
          status: response.statusCode ?? 0,
          reason: typeof reason === "string" ? reason : undefined,
        });
      });
      request.on("error", reject);
      request.end(body);
    });
}

/** Straight to the authorizer, with the question that Envoy would ask. */
export function overGrpc(port: number): Send & { readonly close: () => void } {
  const authorizer = connectAuthorization(`127.0.0.1:${port}`);
  const send: Send = async ({ method, target, headers, body = "" }) => {
    const lines = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    if (body !== "") lines.push(["content-length", String(Buffer.byteLength(body))]);
    const http = {
      method,
      path: target,
      host: "localhost",
      headers: Object.fromEntries(lines),
      rawBody: Buffer.from(body),
    };
    const { deniedResponse } = await authorizer.check({ attributes: { request: { http } } });
    if (deniedResponse === null || deniedResponse === undefined) return { status: 200, reason: undefined };
    const reason = deniedResponse.headers.find(({ header }) => header?.key === "x-tenuo-deny-reason");
    return {
      status: STATUS_NUMBERS[deniedResponse.status?.code ?? ""] ?? 0,
      reason: reason?.header?.value,
    };
  };
  return Object.assign(send, { close: authorizer.close });
}
