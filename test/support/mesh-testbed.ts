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

/** Of each, the port on loopback; those of the sidecar are on its own address. */
export type Ports = Readonly<Record<"check" | "gateway" | "sidecar" | "tcp" | "upstream", number>>;

const NETWORKING = "networking.istio.io/v1";
const HTTP = { name: "http", protocol: "HTTP" };

export function testbed(ports: Ports): readonly object[] {
  return [
    // An endpoint of the Service that is shipped, in place of a pod.
    resource(NETWORKING, "WorkloadEntry", "tenuo-ext-authz", "tenuo-system", {
      address: host,
      ports: { grpc: ports.check },
      labels: { "app.kubernetes.io/name": "tenuo-ext-authz" },
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
    // Without redirection a sidecar listens where it is told to. What it may call has to have the authorizer.
    resource(NETWORKING, "Sidecar", "tools", "agents", {
      workloadSelector: { labels: SIDECAR.labels },
      ingress: [
        listener({ ...HTTP, number: ports.sidecar }, ports.upstream),
        listener({ name: "tcp", protocol: "TCP", number: ports.tcp }, ports.upstream),
      ],
      egress: [
        {
          hosts: ["tenuo-system/*"],
          bind: `unix://@tenuo-egress-${ports.sidecar}`,
          port: { number: 0, name: "any", protocol: "TCP" },
        },
      ],
    }),
    // No agent hands out certificates.
    resource("security.istio.io/v1", "PeerAuthentication", "default", "istio-system", {
      mtls: { mode: "DISABLE" },
    }),
  ];
}

function resource(apiVersion: string, kind: string, name: string, namespace: string, spec: object): object {
  return { apiVersion, kind, metadata: { name, namespace }, spec };
}

function listener(port: object, application: number): object {
  return { port, bind: SIDECAR.ip, captureMode: "NONE", defaultEndpoint: `${host}:${application}` };
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
