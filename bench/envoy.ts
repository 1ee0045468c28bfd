import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { envoyBinary } from "../test/support/envoy.ts";
import { partsOf } from "../test/support/envoy-files.ts";
import { launch } from "./arms/launch.ts";

/** A listener, and what it asks before it answers. */
export interface Gate {
  readonly port: number;
  readonly protocol: "grpc" | "http" | undefined;
  readonly authorizerPort: number;
}

export interface BenchEnvoy {
  readonly pid: number;
  readonly version: string;
  readonly stop: () => Promise<void>;
}

/** One Envoy with all gates; each answers 200 by itself where the call may pass, so that no upstream runs. */
export async function startEnvoy(
  gates: readonly Gate[],
  folder: string,
  threads: number,
): Promise<BenchEnvoy> {
  const binary = await envoyBinary();
  const config = join(folder, "envoy.json");
  writeFileSync(config, JSON.stringify(configurationOf(gates)));
  const flags = ["--concurrency", String(threads), "--disable-hot-restart", "--log-level", "error"];
  const [first] = gates;
  const { pid, stop } = await launch(folder, first?.port ?? 0, binary, ["-c", config, ...flags]);
  const [, version = ""] =
    /\/(\d+\.\d+\.\d+)\//.exec(execFileSync(binary, ["--version"], { encoding: "utf8" })) ?? [];
  return { pid, version, stop };
}

/** What it asks of a service of gRPC is what users copy from envoy/gateway.yaml. */
const SHIPPED = partsOf("gateway.yaml");
/** So long that a machine that stalls shows as a latency; and nothing is asked twice. */
const PATIENCE = "10s";
const SHIPPED_CLUSTER = SHIPPED.clusters["tenuo-ext-authz"];

function configurationOf(gates: readonly Gate[]): object {
  const asking = gates.filter(({ protocol }) => protocol !== undefined);
  return { static_resources: { listeners: gates.map(listener), clusters: asking.map(cluster) } };
}

const clusterName = ({ port }: Gate): string => `authorizer-${port}`;

function listener(gate: Gate): object {
  const manager = {
    "@type":
      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: `gate-${gate.port}`,
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
        },
      ],
    },
    http_filters: [
      ...checkOf(gate),
      filter("router", "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", {}),
    ],
  };
  return {
    name: `gate-${gate.port}`,
    address: socketAddress(gate.port),
    filter_chains: [
      { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] },
    ],
  };
}

function filter(name: string, type: string, config: object): object {
  return { name: `envoy.filters.http.${name}`, typed_config: { "@type": type, ...config } };
}

function checkOf(gate: Gate): readonly object[] {
  const { "@type": type, grpc_service: _, ...shipped } = SHIPPED.check;
  const cluster = clusterName(gate);
  if (gate.protocol === "grpc") {
    const service = { envoy_grpc: { cluster_name: cluster }, timeout: PATIENCE };
    return [filter("ext_authz", type, { ...shipped, grpc_service: service })];
  }
  if (gate.protocol === "http") {
    return [
      filter("ext_authz", type, {
        transport_api_version: "V3",
        http_service: { server_uri: { uri: "http://authorizer", cluster, timeout: PATIENCE } },
        allowed_headers: { patterns: [{ exact: "x-tenuo-warrant" }, { exact: "x-tenuo-pop" }] },
        failure_mode_allow: false,
        status_on_error: shipped.status_on_error,
      }),
    ];
  }
  return [];
}

function cluster(gate: Gate): object {
  return {
    name: clusterName(gate),
    type: "STATIC",
    connect_timeout: SHIPPED_CLUSTER.connect_timeout,
    circuit_breakers: SHIPPED_CLUSTER.circuit_breakers,
    ...(gate.protocol === "grpc" && {
      typed_extension_protocol_options: SHIPPED_CLUSTER.typed_extension_protocol_options,
    }),
    load_assignment: {
      cluster_name: clusterName(gate),
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(gate.authorizerPort) } }] }],
    },
  };
}

function socketAddress(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
