import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** The folder of the configurations that users copy. */
export const ENVOY_FOLDER = fileURLToPath(new URL("../../envoy/", import.meta.url));

/** The names of all of them. */
export const envoyFiles: readonly string[] = readdirSync(ENVOY_FOLDER).filter(
  (name) => name.endsWith(".yaml") && name !== "kustomization.yaml",
);

/** The text of one, as users get it. */
export function envoyFile(name: string): string {
  return readFileSync(join(ENVOY_FOLDER, name), "utf8");
}

// biome-ignore lint/suspicious/noExplicitAny: whatever Envoy's configuration holds.
type Any = any;

/** A configuration, taken apart into what is the same in all files and what isn't. */
export interface EnvoyParts {
  readonly admin: Any;
  readonly overload_manager: Any;
  /** Without its filters. */
  readonly listener: Any;
  /** The HTTP connection manager, without its routes, its filters and what the access log holds. */
  readonly manager: Any;
  readonly hosts: readonly Any[];
  /** The filters of HTTP by name, in order. */
  readonly filters: readonly string[];
  /** What ext_authz is set to. */
  readonly check: Any;
  readonly access_log: Any;
  /** By name. */
  readonly clusters: Readonly<Record<string, Any>>;
}

const EXT_AUTHZ = "envoy.filters.http.ext_authz";

/** @throws {Error} where there is more than one listener, filter chain or network filter, so that nothing is overlooked */
export function partsOf(name: string): EnvoyParts {
  const { admin, overload_manager, static_resources, ...others } = parse(envoyFile(name), { merge: true });
  const { listeners, clusters, ...otherResources } = static_resources;
  const { filter_chains: chains, ...listener } = only(listeners, `listener in ${name}`);
  const filter = only(only(chains, `filter chain in ${name}`).filters, `network filter in ${name}`);
  const { route_config, http_filters, access_log, ...manager } = filter.typed_config;
  const { virtual_hosts: hosts, ...routing } = route_config;
  const checks = http_filters.filter((each: Any) => each.name === EXT_AUTHZ);
  return {
    ...{ admin, overload_manager, listener, hosts, access_log },
    manager: { ...manager, routing, others, otherResources },
    filters: http_filters.map((each: Any) => each.name),
    check: only(checks, `check in ${name}`).typed_config,
    clusters: Object.fromEntries(clusters.map((each: Any) => [each.name, each])),
  };
}

function only(list: readonly Any[], what: string): Any {
  if (list.length !== 1) throw new Error(`there are ${list.length} of what may be there once: ${what}`);
  return list[0];
}
