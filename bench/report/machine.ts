import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { imageVariables } from "../arms/image-flags.ts";

/** Where figures come from; nothing that names the machine. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly envoy: string;
  /** Of what Node is started with, as in the image. */
  readonly nodeOptions: string;
  /** Of the sources; undefined outside a clone. */
  readonly commit: string | undefined;
}

export function machineOf(envoy: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? "",
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    kernel: `${type()} ${release().split("-")[0]}`,
    node: process.version,
    envoy,
    nodeOptions: imageVariables()["NODE_OPTIONS"] ?? "",
    commit: commit(),
  };
}

function commit(): string | undefined {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}
