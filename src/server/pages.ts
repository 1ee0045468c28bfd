import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

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

/**
 * The health pages.
 *
 * @param onCheckPort on the port of the checks a request that some proxy forwarded is refused: an HTTP
 * authorization filter pointed here by mistake would take a 200 for an allow.
 */
export function healthPages(health: Health, onCheckPort: boolean): RequestListener {
  return (request, response) => {
    if (onCheckPort && wasForwarded(request)) {
      return send(response, 403, {
        error: "health pages are not an authorization service; use gRPC on this port",
      });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return send(response, 405, { error: "only GET and HEAD" });
    }
    const page = PAGES.get(request.url?.split("?", 1)[0] ?? "");
    if (page === undefined)
      return send(response, 404, { error: `no such page; there are ${[...PAGES.keys()].join(", ")}` });
    const { status, body } = page(health);
    send(response, status, body);
  };
}

const FORWARDED = /^(?:x-forwarded-|x-envoy-|x-tenuo-)|^x-request-id$/;

function wasForwarded(request: IncomingMessage): boolean {
  return Object.keys(request.headers).some((name) => FORWARDED.test(name));
}

/** Node leaves the body out of an answer to HEAD. */
function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
