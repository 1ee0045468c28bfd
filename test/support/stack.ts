import { getContainerRuntimeClient } from "testcontainers";
import { envoyBinary } from "./envoy.ts";
import { missing } from "./missing.ts";
import { startDocker } from "./stack-docker.ts";
import { startLocal } from "./stack-local.ts";

/** Client → Envoy → upstream, with the service beside Envoy, all of them real. */
export interface Stack {
  readonly driver: Driver;
  /** Where Envoy listens. */
  gateway(): Address;
  /** Health pages and metrics of the service. */
  health(): Address;
  /** Requests that reached the upstream. */
  upstreamCount(): Promise<number>;
  /** Envoy's standard output: one JSON object a line is the access log. */
  envoyOutput(): string;
  /** Both outputs of the service, since its last start. */
  serviceOutput(): string;
  /** At once, as in a crash. */
  killService(): Promise<void>;
  /** It stays there and does nothing any more, until it is told to go on. */
  freezeService(): Promise<void>;
  thawService(): Promise<void>;
  /** Again, after {@link killService}; returns when it is ready. */
  startService(): Promise<void>;
  /** With this gateway.yaml; returns when the service has logged what came of it. */
  reloadService(gatewayYaml: string): Promise<void>;
  killEnvoy(): Promise<void>;
  /** Again, after {@link killEnvoy}; returns when it answers. */
  startEnvoy(): Promise<void>;
  stop(): Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface StackSettings {
  /** Text of the service's gateway.yaml; that of test/e2e/gateway.yaml by default. */
  readonly gatewayYaml?: string;
  /** Hex keys. */
  readonly trustedKeys: readonly string[];
  /** Text of Envoy's configuration; that of envoy/gateway.yaml by default. */
  readonly envoyYaml?: string;
  /** Further arguments of `serve`. */
  readonly serveArguments?: readonly string[];
  /** Containers share one network, as in a pod, and a volume at /run/tenuo; on a machine processes do anyway. */
  readonly inPod?: boolean;
}

export type Driver = "docker" | "local";

/**
 * `E2E_ENVOY`, else `docker` where an engine answers, else `local`: the same cases, with containers of the published
 * images, or with processes on this machine.
 */
export async function chosenDriver(): Promise<Driver> {
  const named = process.env["E2E_ENVOY"];
  if (named === "docker" || named === "local") return named;
  if (named) throw new Error(`E2E_ENVOY is \`docker\` or \`local\`, not \`${named}\``);
  try {
    await getContainerRuntimeClient();
    return "docker";
  } catch {
    return "local";
  }
}

/**
 * For the `skip` of what needs a stack: why there can be none on this machine, or false.
 *
 * @throws {Error} under `CI=true` instead of a reason.
 */
export async function noStack(): Promise<string | false> {
  if ((await chosenDriver()) === "docker") return false;
  return noEnvoy("end-to-end cases, for want of both a container engine and Envoy");
}

/** Likewise for what needs several processes of this machine, whatever `E2E_ENVOY` says. */
export function noLocalStack(): Promise<string | false> {
  return noEnvoy("end-to-end cases with several replicas, for want of Envoy");
}

async function noEnvoy(what: string): Promise<string | false> {
  try {
    await envoyBinary();
    return false;
  } catch (error) {
    return missing(what, error);
  }
}

export async function startStack(settings: StackSettings): Promise<Stack> {
  return (await chosenDriver()) === "docker" ? startDocker(settings) : startLocal(settings);
}
