import { gatewayJsonSchema, MODES, REDACTABLE } from "../src/gateway/schema.ts";
import type { ChartValue } from "./chart-values.ts";

/** JSON Schema, draft 7, which every Helm 3 reads. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly [keyword: string]: unknown;
}

const TEXT: Schema = { type: "string" };
const FLAG: Schema = { type: "boolean" };
const COUNT: Schema = { type: "integer", minimum: 0 };
const OPTIONAL_COUNT: Schema = { type: ["integer", "null"], minimum: 1 };
const PORT: Schema = { type: "integer", minimum: 1, maximum: 65_535 };
const COUNT_OR_PERCENT: Schema = { type: ["integer", "string", "null"], pattern: "^[0-9]+%$" };
const PERCENTAGE: Schema = { type: ["integer", "null"], minimum: 1 };
const DURATION: Schema = { type: "string", pattern: "^([0-9]+(ms|s|m|h|d))*$" };
/** Nothing that a template could take for more than a name. */
const NAME: Schema = { type: "string", pattern: "^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$" };
const PUBLIC_KEYS: Schema = listOf({ type: "string", pattern: "^\\s*[0-9a-fA-F]{64}\\s*$" });
const TEXTS: Schema = { type: "object", additionalProperties: TEXT };
/** What Kubernetes defines and checks. */
const ANY_MAP: Schema = { type: "object" };
const MAPS: Schema = listOf(ANY_MAP);

const SOURCE = { existingConfigMap: TEXT, existingSecret: TEXT, key: { ...TEXT, minLength: 1 } };

/** Of values.yaml, with its comments, so that editors show them. */
export function chartSchema(values: readonly ChartValue[]): Schema {
  const about = new Map(values.map(({ path, about: text }) => [path, text]));
  const { tools, routes } = partsOfGateway();
  const schema = map({
    // Helm's own, handed to every chart.
    global: ANY_MAP,
    replicaCount: COUNT,
    image: map({
      repository: { ...TEXT, minLength: 1 },
      tag: TEXT,
      digest: { ...TEXT, pattern: "^(sha256:[0-9a-f]{64})?$" },
      pullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
    }),
    imagePullSecrets: MAPS,
    nameOverride: NAME,
    fullnameOverride: NAME,
    config: map({
      warrantHeader: TEXT,
      popHeader: TEXT,
      approvalHeader: TEXT,
      clockToleranceSecs: COUNT,
      trustedRoots: PUBLIC_KEYS,
      debugMode: FLAG,
      mode: { enum: MODES },
      stripCredentials: FLAG,
      maxBodyBytes: OPTIONAL_COUNT,
      maxChainLength: OPTIONAL_COUNT,
      maxApprovals: OPTIONAL_COUNT,
      allowPathParameters: FLAG,
      bodyMediaTypes: listOf(TEXT),
      log: map({
        redact: listOf({ enum: REDACTABLE }),
        sampleAllow: { type: "number", minimum: 0, maximum: 1 },
      }),
    }),
    gateway: map({
      version: { type: ["string", "integer"], pattern: "^(1(\\.[0-9]+)?|2)$", minimum: 1, maximum: 2 },
      tools,
      routes,
      file: TEXT,
    }),
    trustedKeys: map(SOURCE),
    revocation: map({ ...SOURCE, signers: PUBLIC_KEYS, maxAgeSecs: OPTIONAL_COUNT, required: FLAG }),
    tls: map({ existingSecret: TEXT, certKey: TEXT, keyKey: TEXT, clientCa: map(SOURCE) }),
    extraEnv: MAPS,
    extraEnvFrom: MAPS,
    extraArgs: listOf(TEXT),
    serviceAccount: map({ create: FLAG, automount: FLAG, annotations: TEXTS, name: NAME }),
    podAnnotations: TEXTS,
    podLabels: TEXTS,
    podSecurityContext: ANY_MAP,
    securityContext: ANY_MAP,
    service: map({
      type: { enum: ["ClusterIP", "NodePort", "LoadBalancer"] },
      clusterIP: { type: ["string", "null"], pattern: "^(None|[0-9a-fA-F.:]*)$" },
      port: PORT,
      healthPort: PORT,
      annotations: TEXTS,
    }),
    resources: ANY_MAP,
    startupProbe: ANY_MAP,
    livenessProbe: ANY_MAP,
    readinessProbe: ANY_MAP,
    workers: { anyOf: [{ const: "auto" }, { type: "integer", minimum: 1, maximum: 64 }] },
    drainSeconds: COUNT,
    terminationGracePeriodSeconds: COUNT,
    minReadySeconds: COUNT,
    strategy: ANY_MAP,
    rollOnConfigChange: FLAG,
    autoscaling: map({
      enabled: FLAG,
      minReplicas: { ...COUNT, minimum: 1 },
      maxReplicas: { ...COUNT, minimum: 1 },
      targetCPUUtilizationPercentage: PERCENTAGE,
      targetMemoryUtilizationPercentage: PERCENTAGE,
    }),
    podDisruptionBudget: map({
      enabled: FLAG,
      minAvailable: COUNT_OR_PERCENT,
      maxUnavailable: COUNT_OR_PERCENT,
    }),
    nodeSelector: TEXTS,
    tolerations: MAPS,
    affinity: ANY_MAP,
    topologySpreadConstraints: MAPS,
    priorityClassName: TEXT,
    volumes: MAPS,
    volumeMounts: MAPS,
    metrics: map({
      serviceMonitor: map({ enabled: FLAG, labels: TEXTS, interval: DURATION, scrapeTimeout: DURATION }),
      prometheusRule: map({ enabled: FLAG, labels: TEXTS }),
      dashboard: map({ enabled: FLAG, labels: TEXTS, annotations: TEXTS }),
    }),
    networkPolicy: map({ enabled: FLAG, proxies: MAPS, monitoring: MAPS, collectors: MAPS }),
  });
  return { $schema: "http://json-schema.org/draft-07/schema#", ...describe(schema, "", about) };
}

function map(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", additionalProperties: false, properties };
}

function listOf(items: Schema): Schema {
  return { type: "array", items };
}

function describe(schema: Schema, path: string, about: ReadonlyMap<string, string>): Schema {
  const description = about.get(path);
  const described = description ? { description, ...schema } : schema;
  if (schema.properties === undefined || schema.description !== undefined) return described;
  const properties = Object.entries(schema.properties).map(([name, inside]) => [
    name,
    describe(inside, path === "" ? name : `${path}.${name}`, about),
  ]);
  return { ...described, properties: Object.fromEntries(properties) };
}

/** As gateway.yaml has them, so that what the service would refuse at its start is refused before. */
function partsOfGateway(): Readonly<Record<"tools" | "routes", Schema>> {
  const { properties = {} } = gatewayJsonSchema() as Schema;
  const { tools = {}, routes = {} } = properties;
  return { tools: withoutChoiceOfNull(tools), routes: withoutChoiceOfNull(routes) };
}

/** `anyOf` of one thing and null as one list of types, as Helm then tells what is wrong with the thing. */
function withoutChoiceOfNull(schema: Schema): Schema {
  const inside = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(inside);
    return typeof part === "object" && part !== null ? withoutChoiceOfNull(part as Schema) : part;
  };
  const entries = Object.entries(schema).map(([keyword, value]) => [keyword, inside(value)]);
  const { anyOf = [], ...rest } = Object.fromEntries(entries) as Schema;
  const [one, none] = anyOf;
  if (anyOf.length === 2 && one?.type !== undefined && none?.type === "null")
    return { ...one, ...rest, type: [one.type, "null"].flat() };
  return anyOf.length === 0 ? rest : { ...rest, anyOf };
}
