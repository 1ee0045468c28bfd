import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { MAX_WAITING_REQUESTS } from "./limits.ts";
import type { Metrics } from "./metrics/metrics.ts";

/** What the pages tell. */
export interface Health {
  /** Why no decision can be expected to be an allow; empty when ready. */
  readonly unready: () => readonly string[];
  readonly status: () => object;
}

type Page = (health: Health) => { readonly status: number; readonly body: object };

const alive: Page = () => ({ status: 200, body: { service: "tenuo-ext-authz", status: "healthy" } });

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ["/health", alive],
  ["/healthz", alive],
  [
    "/ready",
    ({ unready }) => {
      const reasons = unready();
      return reasons.length === 0
        ? { status: 200, body: { ready: true } }
        : { status: 503, body: { ready: false, reasons } };
    },
  ],
  ["/status", ({ status }) => ({ status: 200, body: status() })],
]);

const METRICS_PATH = "/metrics";

/**
 * The health pages.
 *
 * @param onCheckPort on the port of the checks a request that some proxy forwarded is refused: an HTTP
 * authorization filter pointed here by mistake would take a 200 for an allow.
 * @param metrics shown on a page of their own
 */
export function healthPages(health: Health, onCheckPort: boolean, metrics?: Metrics): RequestListener {
  const paths = [...PAGES.keys(), ...(metrics === undefined ? [] : [METRICS_PATH])];
  const waiting = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    const ahead = waiting.get(socket) ?? 0;
    if (ahead >= MAX_WAITING_REQUESTS) return void socket.destroy();
    waiting.set(socket, ahead + 1);
    response.once("close", () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
    if (onCheckPort && wasForwarded(request)) {
      return send(response, 403, {
        error: "health pages are not an authorization service; use gRPC on this port",
      });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return send(response, 405, { error: "only GET and HEAD" });
    }
    const path = request.url?.split("?", 1)[0] ?? "";
    if (metrics !== undefined && path === METRICS_PATH) return void sendMetrics(response, metrics);
    const page = PAGES.get(path);
    if (page === undefined)
      return send(response, 404, { error: `no such page; there are ${paths.join(", ")}` });
    const { status, body } = page(health);
    send(response, status, body);
  };
}

const FORWARDED = /^(?:x-forwarded-|x-envoy-|x-tenuo-)|^x-request-id$/;

function wasForwarded(request: IncomingMessage): boolean {
  return Object.keys(request.headers).some((name) => FORWARDED.test(name));
}

async function sendMetrics(response: ServerResponse, metrics: Metrics): Promise<void> {
  try {
    const { contentType, body } = await metrics.page();
    response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" });
    response.end(body);
  } catch {
    send(response, 500, { error: "the metrics can't be read" });
  }
}

/** Node leaves the body out of an answer to HEAD. */
function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
