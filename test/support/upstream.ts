// The API behind the gateway: tells what reached it. Runs in the test's process, or alone as a container's program.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  /** The request target, raw. */
  readonly target: string;
  /** In the order and spelling of the wire. */
  readonly headers: readonly (readonly [string, string])[];
  /** Base64. */
  readonly body: string;
}

export interface Upstream {
  readonly port: number;
  /** Serves the number of requests so far, as text. */
  readonly countPort: number;
  stop(): Promise<void>;
}

/**
 * Answers every request with 200 and what it was, as {@link Received} in JSON. An upgrade is granted; what it was is a
 * line of its own then, and all that follows is sent back.
 */
export async function startUpstream(
  host: string,
  port = 0,
  countPort = 0,
  countHost = host,
): Promise<Upstream> {
  let count = 0;
  const echo = createServer({ maxHeaderSize: 128 * 1024 }, (request, response) => {
    count++;
    const body: Buffer[] = [];
    request.on("data", (chunk: Buffer) => body.push(chunk));
    request.on("end", () => {
      const received = toReceived(request, Buffer.concat(body));
      response.setHeader("content-type", "application/json").end(JSON.stringify(received));
    });
  });
  echo.on("upgrade", (request, socket) => {
    count++;
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    socket.write(`${JSON.stringify(toReceived(request, Buffer.alloc(0)))}\n`);
    socket.pipe(socket);
  });
  const counter = createServer((_, response) => response.end(String(count)));
  await Promise.all([listening(echo, host, port), listening(counter, countHost, countPort)]);
  return {
    port: (echo.address() as AddressInfo).port,
    countPort: (counter.address() as AddressInfo).port,
    stop: async () => {
      for (const server of [echo, counter]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

function toReceived({ method = "", url = "", rawHeaders }: IncomingMessage, body: Buffer): Received {
  const headers = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ""] as const] : [],
  );
  return { method, target: url, headers, body: body.toString("base64") };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

if (import.meta.main) {
  const [host = "0.0.0.0", port = "8080"] = process.argv.slice(2);
  await startUpstream(host, Number(port), 8081, "0.0.0.0");
  process.once("SIGTERM", () => process.exit());
}
