import { fileURLToPath } from "node:url";
import type { Values } from "../support/chart.ts";

/** A values file that was written for the chart of Tenuo's own authorizer. */
export const REFERENCE_VALUES = fileURLToPath(new URL("reference-values.yaml", import.meta.url));

export const GATEWAY = {
  version: "2",
  tools: { read_file: { constraints: { name: { from: "path", path: "name", required: true } } } },
  routes: [{ pattern: "/v1/files/{name}", method: ["GET"], tool: "read_file" }],
};

/** A public key. */
export const KEY = "f9998b5633f40cecb8ee6a8689a32a7e85604e664b3b5e449d5cd97925cf1243";
const ROOT = { config: { trustedRoots: [KEY] }, gateway: GATEWAY };
const PEERS = [
  { namespaceSelector: { matchLabels: { team: "edge" } }, podSelector: { matchLabels: { app: "envoy" } } },
  { ipBlock: { cidr: "10.0.0.0/8" } },
];
const MONITORING = {
  serviceMonitor: { enabled: true, labels: { release: "prometheus" }, interval: "15s", scrapeTimeout: "5s" },
  prometheusRule: { enabled: true, labels: { release: "prometheus" } },
  dashboard: { enabled: true, annotations: { grafana_folder: "Tenuo" } },
};
const MTLS = { existingSecret: "tls", clientCa: { existingConfigMap: "proxies-ca", key: "ca.pem" } };
const SPREAD = [
  { topologyKey: "kubernetes.io/hostname", maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" },
  {
    topologyKey: "rack",
    maxSkew: 2,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { app: "x" } },
  },
];

/** Combinations that Kubernetes has to take, by what they are for. */
export const MATRIX: Readonly<Record<string, Values>> = {
  "the defaults": {},
  "values of Tenuo's own chart": REFERENCE_VALUES,
  "high availability": {
    ...ROOT,
    replicaCount: 5,
    podDisruptionBudget: { minAvailable: "60%" },
    topologySpreadConstraints: SPREAD,
    priorityClassName: "system-cluster-critical",
  },
  "one pod": { ...ROOT, replicaCount: 1 },
  TLS: { ...ROOT, tls: { existingSecret: "tls", certKey: "cert.pem", keyKey: "key.pem" } },
  "mutual TLS": { ...ROOT, tls: MTLS },
  "a revocation list of a ConfigMap": {
    ...ROOT,
    revocation: { existingConfigMap: "revocation", signers: [KEY], maxAgeSecs: 86_400 },
  },
  "a revocation list of a Secret": {
    ...ROOT,
    revocation: { existingSecret: "revocation", key: "list", required: false },
  },
  "trusted roots of a Secret": { gateway: GATEWAY, trustedKeys: { existingSecret: "roots", key: "keys" } },
  "all monitoring": { ...ROOT, metrics: MONITORING },
  "a network policy": { ...ROOT, networkPolicy: { enabled: true, proxies: PEERS } },
  "a network policy with monitoring and traces": {
    ...ROOT,
    networkPolicy: { enabled: true, proxies: PEERS, monitoring: PEERS, collectors: PEERS },
    extraEnv: [{ name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://collector:4318" }],
  },
  autoscaling: {
    ...ROOT,
    autoscaling: { enabled: true, targetMemoryUtilizationPercentage: 80 },
    resources: { requests: { cpu: "500m" } },
  },
  "a user of OpenShift's choice": {
    ...ROOT,
    podSecurityContext: { runAsUser: 1_000_680_000, fsGroup: 1_000_680_000 },
  },
  "other names": { ...ROOT, nameOverride: "authz", fullnameOverride: "tenuo-authorizer" },
  "names as long as can be": { ...ROOT, nameOverride: "n".repeat(63), fullnameOverride: "f".repeat(63) },
  "a load balancer": { ...ROOT, service: { type: "LoadBalancer", annotations: { internal: "true" } } },
  "one address": { ...ROOT, service: { clusterIP: "" } },
  "an account of one's own": { ...ROOT, serviceAccount: { create: false, name: "mine" } },
  "gateway.yaml as a file": {
    gateway: {
      file: `version: "2"\nsettings: {trusted_roots: ["${KEY}"]}\ntools: {t: {constraints: {x: {from: query, path: x, default: 5.0}}}}\nroutes: [{pattern: /t, tool: t}]\n`,
    },
  },
  "every value at once": {
    ...ROOT,
    config: {
      ...ROOT.config,
      approvalHeader: "X-Approvals",
      mode: "audit",
      stripCredentials: false,
      maxBodyBytes: 10_485_760,
      maxChainLength: 8,
      maxApprovals: 4,
      allowPathParameters: true,
      bodyMediaTypes: ["text/json", "none"],
      log: { redact: ["actual", "client"], sampleAllow: 0.000001 },
    },
    image: { repository: "registry.example:5000/tenuo", digest: `sha256:${"0".repeat(64)}` },
    imagePullSecrets: [{ name: "registry" }],
    podAnnotations: { "prometheus.io/scrape": "true" },
    podLabels: { app: "tenuo-authorizer" },
    trustedKeys: { existingConfigMap: "roots" },
    revocation: { existingSecret: "revocation", signers: [KEY], maxAgeSecs: 3600 },
    tls: { ...MTLS, clientCa: { existingSecret: "proxies-ca" } },
    extraEnv: [{ name: "TENUO_LOG_LEVEL", value: "warn" }],
    extraEnvFrom: [{ configMapRef: { name: "more", optional: true } }],
    extraArgs: ["--max-inflight=512"],
    rollOnConfigChange: true,
    autoscaling: { enabled: true, minReplicas: 3 },
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ key: "edge", operator: "Exists" }],
    volumes: [{ name: "state", emptyDir: {} }],
    volumeMounts: [{ name: "state", mountPath: "/var/lib/tenuo" }],
    metrics: MONITORING,
    networkPolicy: { enabled: true, proxies: PEERS, monitoring: PEERS, collectors: PEERS },
  },
};
