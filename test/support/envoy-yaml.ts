import { readFileSync } from "node:fs";
import { type Document, isScalar, isSeq, parseDocument, visit } from "yaml";
import { envoyFile } from "./envoy-files.ts";

/** Routes and tools for most tests through Envoy. */
export const exampleGatewayYaml = readFileSync(new URL("../e2e/gateway.yaml", import.meta.url), "utf8");

/** The example as users get it. */
export const exampleEnvoyYaml = envoyFile("gateway.yaml");

/** What a hurried operator leaves out, or copies from older guides. Undefined is left out. */
const CARELESS: Readonly<Record<string, string | number | boolean | undefined>> = {
  normalize_path: undefined,
  merge_slashes: undefined,
  path_with_escaped_slashes_action: undefined,
  headers_with_underscores_action: undefined,
  encode_raw_headers: undefined,
  pack_as_bytes: false,
  allow_partial_message: true,
  max_request_bytes: 64,
  validate_mutations: undefined,
  decoder_header_mutation_rules: undefined,
};

/** What is added besides upgrades: routes that Envoy answers by itself, and a host without any. */
const OWN_ANSWERS = [
  {
    match: { path: "/envoy/answer" },
    direct_response: { status: 200, body: { inline_string: "from Envoy" } },
  },
  { match: { path: "/envoy/redirect" }, redirect: { path_redirect: "/elsewhere" } },
];
const NO_ROUTES = { name: "none", domains: ["unrouted.test"], routes: [] };
const CLUSTER = ["static_resources", "clusters", 0];
const MANAGER = ["static_resources", "listeners", 0, "filter_chains", 0, "filters", 0, "typed_config"];

/**
 * The example without the settings that keep ambiguous requests away from the service.
 *
 * @param raw whether the service is at least sent exact bytes, in `encode_raw_headers` and `pack_as_bytes`
 */
export function carelessEnvoyYaml({ raw = false } = {}): string {
  const document = parseDocument(exampleEnvoyYaml);
  const changes = raw ? { ...CARELESS, encode_raw_headers: true, pack_as_bytes: true } : CARELESS;
  const left = new Set(Object.keys(changes));
  visit(document, {
    Pair(_, pair) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      if (!(key in changes)) return;
      left.delete(key);
      const value = changes[key as keyof typeof changes];
      if (value === undefined) return visit.REMOVE;
      pair.value = document.createNode(value);
      return;
    },
  });
  if (left.size > 0) throw new Error(`not in the example: ${[...left].join(", ")}`);
  document.setIn([...MANAGER, "upgrade_configs"], document.createNode([{ upgrade_type: "websocket" }]));
  document.setIn([...MANAGER, "http2_protocol_options", "allow_connect"], true);
  const hosts = [...MANAGER, "route_config", "virtual_hosts"];
  for (const answer of OWN_ANSWERS.toReversed()) insertFirst(document, [...hosts, 0, "routes"], answer);
  document.addIn(hosts, document.createNode(NO_ROUTES));
  return document.toString();
}

/** A configuration that asks so many services, `tenuo-ext-authz`, `tenuo-ext-authz-2` and so on. */
export function withReplicas(yaml: string, replicas: number): string {
  const document = parseDocument(yaml);
  const endpoints = [...CLUSTER, "load_assignment", "endpoints", 0, "lb_endpoints"];
  for (let each = 2; each <= replicas; each++) {
    const place = { address: `tenuo-ext-authz-${each}`, port_value: 9090 };
    document.addIn(endpoints, document.createNode({ endpoint: { address: { socket_address: place } } }));
  }
  return document.toString();
}

function insertFirst(document: Document, path: readonly (string | number)[], value: unknown): void {
  const list = document.getIn(path);
  if (!isSeq(list)) throw new Error(`no list at ${path.join(".")} of the example`);
  list.items.unshift(document.createNode(value));
}
