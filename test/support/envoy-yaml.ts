import { readFileSync } from "node:fs";
import { isScalar, parseDocument, visit } from "yaml";

/** The example as users get it. */
export const exampleEnvoyYaml = readFileSync(new URL("../../envoy/gateway.yaml", import.meta.url), "utf8");

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

/** The example without the settings that keep ambiguous requests away from the service. */
export function carelessEnvoyYaml(): string {
  const document = parseDocument(exampleEnvoyYaml);
  const left = new Set(Object.keys(CARELESS));
  visit(document, {
    Pair(_, pair) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      if (!(key in CARELESS)) return;
      left.delete(key);
      const value = CARELESS[key];
      if (value === undefined) return visit.REMOVE;
      pair.value = document.createNode(value);
      return;
    },
  });
  if (left.size > 0) throw new Error(`not in the example: ${[...left].join(", ")}`);
  return document.toString();
}
