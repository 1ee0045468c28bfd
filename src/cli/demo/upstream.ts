import type { AddressInfo } from "node:net";
import { createServer } from "../../server/http.ts";

/** The API behind the gateway: answers each request with what it received. */
export interface Upstream {
  readonly port: number;
  readonly close: () => void;
}

export async function startUpstream(): Promise<Upstream> {
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(`${JSON.stringify({ received: { method, url, headers } }, null, 2)}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => void server.close().closeAllConnections(),
  };
}
