import { carelessEnvoyYaml, exampleEnvoyYaml } from "../envoy-yaml.ts";
import type { SETUPS } from "./attempt.ts";

/** Envoy's configuration in each set-up. */
export const ENVOYS: Readonly<Record<(typeof SETUPS)[number], string>> = {
  hardened: exampleEnvoyYaml,
  careless: carelessEnvoyYaml(),
  "careless raw": carelessEnvoyYaml({ raw: true }),
};
