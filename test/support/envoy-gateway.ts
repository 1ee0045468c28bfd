import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { missing } from "./missing.ts";

// Envoy Gateway needs a cluster with nodes. What it makes of manifests, though, its own `egctl` tells without one.

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL("../../envoy-gateway/", import.meta.url));

export const envoyGatewayFiles: readonly string[] = readdirSync(FOLDER).filter((name) =>
  name.endsWith(".yaml"),
);

/** The text of one, as users get it. */
export function envoyGatewayFile(name: string): string {
  return readFileSync(join(FOLDER, name), "utf8");
}

/**
 * Why there can be no translation, for the `skip` of what needs it; or false.
 *
 * @throws {Error} under `CI=true` instead of a reason.
 */
export function noEgctl(): string | false {
  try {
    execFileSync("egctl", ["--help"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return missing("what Envoy Gateway makes of manifests, for want of `egctl`", error);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever Envoy's configuration and the status of a resource hold.
type Any = any;

export interface Translation {
  /** A configuration of Envoy that stands alone. */
  readonly envoyYaml: string;
  /** Types of conditions that are false, by kind and name: `SecurityPolicy tenuo: Accepted, …`. */
  readonly refused: readonly string[];
  /** Of the routes, by the name of theirs: what Envoy answers by itself in place of forwarding. */
  readonly directStatus: Readonly<Record<string, number | undefined>>;
}

/** The addresses of the Services, under which the stack knows them. */
const SERVICES = { "10.0.0.1": "upstream", "10.0.0.2": "tenuo-ext-authz" };

/** What the manifests speak of and don't hold. `egctl` takes a Service's own address for its one endpoint. */
const BACKING = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Namespace
metadata: { name: tenuo-system }
---
apiVersion: v1
kind: Service
metadata: { name: upstream, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 8080, protocol: TCP }] }
`;
export const AUTHORIZER = `
apiVersion: v1
kind: Service
metadata: { name: tenuo-ext-authz, namespace: tenuo-system }
spec: { clusterIP: 10.0.0.2, ports: [{ name: grpc, port: 9090, protocol: TCP }] }
`;

/** @param manifests texts of YAML, of the Gateway `agents` and its namespace `shop` */
export async function translate(manifests: readonly string[]): Promise<Translation> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-egctl-"));
  try {
    const file = join(folder, "all.yaml");
    writeFileSync(file, [BACKING, ...manifests].join("\n---\n"));
    const how = ["--from", "gateway-api", "--to", "gateway-api,xds", "--output", "json", "--file", file];
    const { stdout } = await run("egctl", ["experimental", "translate", ...how], { maxBuffer: 2 ** 26 });
    const { xds, ...resources } = JSON.parse(stdout);
    const dump = new Map<string, Any>(xds["shop/agents"].configs.map((each: Any) => [typeOf(each), each]));
    const routes = dump.get("RoutesConfigDump").dynamicRouteConfigs[0].routeConfig;
    return {
      envoyYaml: standAlone(dump, routes),
      refused: Object.values(resources).flat().flatMap(refusals),
      directStatus: Object.fromEntries(
        routes.virtualHosts[0].routes.map((route: Any) => [routeName(route), route.directResponse?.status]),
      ),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function typeOf(value: Any): string {
  return value["@type"].split(".").at(-1);
}

/** Of `httproute/shop/orders/rule/0/match/0/*`. */
function routeName({ name }: Any): string {
  return name.split("/")[2];
}

function refusals({ kind, metadata, status }: Any): string[] {
  const places: Any[] = [...(status?.ancestors ?? []), ...(status?.parents ?? []), status ?? {}];
  return places
    .flatMap(({ conditions = [] }) => conditions)
    .filter((each: Any) => each.status === "False")
    .map((each: Any) => `${kind} ${metadata.name}: ${each.type}, ${each.message}`);
}

/** What Envoy would be sent in parts, as one file; and its log on standard output, whatever that is. */
function standAlone(dump: ReadonlyMap<string, Any>, routeConfig: Any): string {
  const endpoints = new Map(
    dump
      .get("EndpointsConfigDump")
      .dynamicEndpointConfigs.map(({ endpointConfig: { "@type": _, ...config } }: Any) => [
        config.clusterName,
        config,
      ]),
  );
  const clusters = dump.get("ClustersConfigDump").dynamicActiveClusters.map(({ cluster }: Any) => {
    const { "@type": _, edsClusterConfig, ...others } = cluster;
    return { ...others, type: "STATIC", loadAssignment: endpoints.get(edsClusterConfig.serviceName) };
  });
  const listeners = dump
    .get("ListenersConfigDump")
    .dynamicListeners.map(({ activeState }: Any) => activeState.listener)
    // Another one is for the probes of Envoy's own pod.
    .filter((listener: Any) => listener.name === "shop/agents/http")
    .map(({ "@type": _, ...listener }: Any) => listener);
  const { "@type": _, ...routes } = routeConfig;
  const text = JSON.stringify({ static_resources: { listeners, clusters } }, (key, value) => {
    if (key === "accessLog") return value.map(toStandardOutput);
    if (value?.rds === undefined) return value;
    const { rds: __, ...manager } = value;
    return { ...manager, routeConfig: routes };
  });
  return Object.entries(SERVICES).reduce(
    (changed, [address, name]) => changed.replaceAll(`"${address}"`, `"${name}"`),
    text.replaceAll('"socketAddress"', '"socket_address"').replaceAll('"portValue"', '"port_value"'),
  );
}

function toStandardOutput({ typedConfig, ...others }: Any): Any {
  const { "@type": _, path: __, ...config } = typedConfig;
  const type = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
  return { ...others, typedConfig: { "@type": type, ...config } };
}
