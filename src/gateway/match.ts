import type { Gateway, Route } from "./gateway.ts";
import { hostOf } from "./host.ts";
import { pathOf } from "./path.ts";
import { decodePercent } from "./percent.ts";
import { type GatewayRefusal, isRefusal, refuse } from "./refusal.ts";
import type { HttpRequest } from "./request.ts";
import type { Router } from "./router.ts";

/** The call a request makes, before its arguments are read. */
export interface RouteMatch {
  readonly tool: string;
  readonly route: Route;
  /** The path as arguments see it: decoded once if the route decodes. */
  readonly path: string;
  /** Values of the pattern's parameters, in the same form. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A request that leads to no call. */
export interface RouteRefusal extends GatewayRefusal {
  /** Routes of the path, whatever their method; undefined where the path could mean several. */
  readonly routes?: readonly Route[];
}

/** The route of an admitted request. The path decides first, then the method: no less specific pattern is tried. */
export function matchRoute(gateway: Gateway, request: HttpRequest): RouteMatch | RouteRefusal {
  const router = routerOf(gateway, request.authority);
  if (isRefusal(router)) return router;
  const path = pathOf(request.target);
  const decoded = decodePercent(path) ?? path;
  const { anyHost } = gateway.routes;
  const found = router?.find(path) ?? anyHost.find(path);
  // Upstreams differ in when they decode, so both readings must lead to one route.
  const foundDecoded = decoded === path ? found : (router?.find(decoded) ?? anyHost.find(decoded));
  if (found?.leaf !== foundDecoded?.leaf) {
    return refuse("ambiguous_request", "a percent escape changes which route the path belongs to");
  }
  const route = found?.leaf.routes.get(request.method) ?? found?.leaf.routes.get("");
  if (found === undefined || foundDecoded === undefined || route === undefined) {
    const routes = [...(found?.leaf.routes.values() ?? [])];
    return { ...refuse("no_route", `no route matches ${request.method} ${path}`), routes };
  }
  if (!route.allowUpgrade && request.headers.lines.has("upgrade")) {
    const detail = "an upgraded connection can't be judged (`allow_upgrade` lets it pass)";
    return { ...refuse("ambiguous_request", detail), routes: [route] };
  }
  const { values } = route.decodesPath ? foundDecoded : found;
  return {
    tool: route.tool,
    route,
    path: route.decodesPath ? decoded : path,
    parameters: new Map(route.pattern.parameters.map((name, i) => [name, values[i] as string])),
  };
}

/** The routes of the request's host; undefined where only those without a host are left. */
function routerOf({ routes }: Gateway, authority: string): Router<Route> | undefined | GatewayRefusal {
  if (routes.byHost.size === 0) return undefined;
  const host = hostOf(authority);
  // A second spelling of a host must not fall through to the routes of all hosts.
  return host === undefined
    ? refuse("ambiguous_request", "the host is missing or not in its plain spelling")
    : routes.byHost.get(host);
}
