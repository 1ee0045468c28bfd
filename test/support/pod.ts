import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import type { KubeApi } from "./kube-api.ts";
import { untilItAnswers } from "./pod-probe.ts";
import { startContainer } from "./pod-program.ts";
import type { Container, Pod } from "./pod-spec.ts";
import { mountVolumes } from "./pod-volumes.ts";
import { type Program, startProgram } from "./program.ts";
import { waitFor } from "./wait.ts";

/** A pod of a real API, whose containers run as processes of this machine, with its arguments, variables and files. */
export interface RunningPod {
  /** Where a port of its containers is, on loopback. */
  port(containerPort: number): number;
  program(container: string): Program;
  /** Brings the files that ConfigMaps and Secrets hold by now. */
  sync(): Promise<void>;
  /** Runs what the container is told before it has to end. */
  preStop(container: string): Program;
  /** Of a pod that ends: what its containers print, after the last has ended. @throws {Error} unless all end with `code` */
  end(code?: number): Promise<string>;
  stop(): Promise<void>;
}

/**
 * The pod that a controller made for what has this label.
 *
 * @throws {Error} with what the controllers complain of, where there is none.
 */
export async function podOf(api: KubeApi, namespace: string, label: string): Promise<Pod> {
  const get = async (...args: readonly string[]) =>
    JSON.parse(await api.kubectl(["get", ...args, "--namespace", namespace, "--output", "json"])).items;
  try {
    return await waitFor(`a pod with ${label} in ${namespace}`, async () =>
      (await get("pods", "--selector", label)).at(-1),
    );
  } catch (error) {
    const complaints = await get("events", "--field-selector", "type=Warning");
    const said = complaints.map(({ message }: { readonly message: string }) => message).join("\n");
    throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
  }
}

/**
 * Runs its init containers in turn, then the others; returns when all probes succeed.
 *
 * @param addresses what those of the cluster stand for here, as `upstream:8080` for `127.0.0.1:12345`
 */
export async function runPod(
  api: KubeApi,
  pod: Pod,
  addresses: Readonly<Record<string, string>>,
): Promise<RunningPod> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-pod-"));
  const programs = new Map<string, Program>();
  const ports = new Map<number, number>();
  const stop = async (): Promise<void> => {
    await Promise.all([...programs.values()].map((program) => program.stop("SIGKILL")));
    rmSync(folder, { recursive: true, force: true });
  };
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const named = (name: string): Container =>
    all.find((each) => each.name === name) ?? assert.fail(`no container ${name}`);
  const program = (name: string): Program => programs.get(name) ?? assert.fail(`no container ${name} runs`);
  const port = (containerPort: number): number =>
    ports.get(containerPort) ?? assert.fail(`no port ${containerPort}`);
  try {
    const volumes = await mountVolumes(api, pod, folder);
    for (const { ports: its = [], env = [] } of all) {
      // A port that isn't declared may be in a variable, as of an app behind a sidecar.
      const told = env.filter(({ name }) => name === "PORT").map(({ value }) => Number(value));
      for (const each of [...its.map(({ containerPort }) => containerPort), ...told])
        if (!ports.has(each)) ports.set(each, await freePort());
    }
    const node = { api, pod, volumes, ports, folder, addresses };
    for (const container of all) {
      const started = await startContainer(node, container);
      programs.set(container.name, started);
      const isInit = pod.spec.initContainers?.includes(container) === true;
      if (isInit && container.restartPolicy !== "Always") await ended(container.name, started, 0);
      else if (container.startupProbe) await untilItAnswers(container, container.startupProbe, started, port);
    }
    for (const container of all)
      for (const probe of [container.readinessProbe, container.livenessProbe])
        if (probe) await untilItAnswers(container, probe, program(container.name), port);
    return {
      ...{ port, program, stop },
      sync: volumes.sync,
      preStop: (name) => {
        const [command = "", ...args] = named(name).lifecycle?.preStop?.exec?.command ?? [];
        return startProgram(
          command,
          args.map((arg) => arg.replaceAll("/9901", `/${port(9901)}`)),
        );
      },
      end: async (code = 0) => {
        const outputs = pod.spec.containers.map(async ({ name }) => ended(name, program(name), code));
        return (await Promise.all(outputs)).join("");
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ended(name: string, program: Program, code: number): Promise<string> {
  await waitFor(`${name} to end`, () => (program.ended() ? true : undefined), 60);
  if (program.exitCode() !== code)
    throw new Error(`${name} ended with ${program.exitCode()}: ${program.output()}`);
  return program.output();
}
