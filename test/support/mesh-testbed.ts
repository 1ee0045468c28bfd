import type { Workload } from "./mesh.ts";

// What an installation has already, on loopback: endpoints of services, a gateway with its routes, a sidecar's ports.

export const host = "127.0.0.1";

export const GATEWAY: Workload = {
  type: "router",
  name: "istio-ingressgateway",
  namespace: "istio-system",
  labels: { istio: "ingressgateway" },
  ip: "127.0.1.1",
};

export const SIDECAR: Workload = {
  type: "sidecar",
  name: "tools",
  namespace: "agents",
  labels: { app: "tools" },
  ip: "127.0.2.1",
};

/** Beside the authorizer; it runs only where that is what a test is about. */
export const AUTHORIZER: Workload = {
  type: "sidecar",
  name: "tenuo-ext-authz",
  namespace: "tenuo-system",
  labels: { "app.kubernetes.io/name": "tenuo-ext-authz" },
  ip: "127.0.3.1",
};

/** Of each, the port on loopback; those of the sidecar are on its own address. */
export type Ports = Readonly<Record<"check" | "health" | "gateway" | "sidecar" | "tcp" | "upstream", number>>;

const NETWORKING = "networking.istio.io/v1";
const HTTP = { name: "http", protocol: "HTTP" };

export function testbed(ports: Ports): readonly object[] {
  return [
    // An endpoint of the Service that is shipped, in place of a pod.
    resource(NETWORKING, "WorkloadEntry", "tenuo-ext-authz", "tenuo-system", {
      address: host,
      ports: { grpc: ports.check },
      labels: AUTHORIZER.labels,
      serviceAccount: "tenuo-ext-authz",
    }),
    service("api", { address: host, ports: { http: ports.upstream } }),
    service("tools", { address: SIDECAR.ip, labels: SIDECAR.labels, ports: { http: ports.sidecar } }),
    resource(NETWORKING, "Gateway", "ingress", GATEWAY.namespace, {
      selector: GATEWAY.labels,
      servers: [{ port: { ...HTTP, number: ports.gateway }, hosts: ["*"], bind: host }],
    }),
    resource(NETWORKING, "VirtualService", "api", GATEWAY.namespace, {
      hosts: ["*"],
      gateways: ["ingress"],
      http: [{ route: [{ destination: { host: "api.agents.svc.cluster.local", port: { number: 80 } } }] }],
    }),
    sidecar(SIDECAR, "tenuo-system/*", [
      listener(SIDECAR, { ...HTTP, number: ports.sidecar }, ports.upstream),
      listener(SIDECAR, { name: "tcp", protocol: "TCP", number: ports.tcp }, ports.upstream),
    ]),
    sidecar(AUTHORIZER, "~/*", [
      listener(AUTHORIZER, { name: "grpc", protocol: "GRPC", number: 9090 }, ports.check),
      listener(AUTHORIZER, { ...HTTP, number: 9091 }, ports.health),
    ]),
    // No agent hands out certificates.
    resource("security.istio.io/v1", "PeerAuthentication", "default", "istio-system", {
      mtls: { mode: "DISABLE" },
    }),
  ];
}

function resource(apiVersion: string, kind: string, name: string, namespace: string, spec: object): object {
  return { apiVersion, kind, metadata: { name, namespace }, spec };
}

/** Without redirection a sidecar listens where it is told to. @param calls what it may call */
function sidecar(
  { name, namespace, labels, ip }: Workload,
  calls: string,
  ingress: readonly object[],
): object {
  const bind = `unix://@tenuo-egress-${ip}-${process.pid}`;
  return resource(NETWORKING, "Sidecar", name, namespace, {
    workloadSelector: { labels },
    ingress,
    egress: [{ hosts: [calls], bind, port: { number: 0, name: "any", protocol: "TCP" } }],
  });
}

function listener({ ip }: Workload, port: object, application: number): object {
  return { port, bind: ip, captureMode: "NONE", defaultEndpoint: `${host}:${application}` };
}

function service(name: string, endpoint: object): object {
  return resource(NETWORKING, "ServiceEntry", name, "agents", {
    hosts: [`${name}.agents.svc.cluster.local`],
    location: "MESH_INTERNAL",
    resolution: "STATIC",
    ports: [{ ...HTTP, number: 80 }],
    endpoints: [endpoint],
  });
}
