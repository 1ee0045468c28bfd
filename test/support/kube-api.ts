import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { untilReady, variable } from "./foreground.ts";
import { freePort } from "./free-port.ts";
import { missing } from "./missing.ts";
import { startProgram } from "./program.ts";

/** Definitions of custom resources, each a file of the folder that `CRDS` names. */
export type CustomResources = "istio" | "prometheus-operator" | "gateway-api" | "envoy-gateway";

/** A real Kubernetes API without nodes: what is applied is checked and stored, and pods stay pending. */
export interface KubeApi {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** @throws {Error} with what kubectl printed, when it fails. @param input what it reads from stdin */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  helm(args: readonly string[], input?: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Why there can be no Kubernetes API, for the `skip` of what asks one; or false. `KUBE_API` names a program that runs
 * an empty one, `CRDS` the folder of definitions; `kubectl` and `helm` are on the PATH.
 *
 * @throws {Error} under `CI=true` instead of a reason.
 */
export function noKubeApi(): string | false {
  try {
    for (const name of ["KUBE_API", "CRDS"]) variable(name);
    execFileSync("kubectl", ["version", "--client"], { stdio: "pipe" });
    execFileSync("helm", ["version"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return missing("what asks a Kubernetes API (CONTRIBUTING.md tells what it takes)", error);
  }
}

/** An empty one, with these definitions. */
export async function startKubeApi(crds: readonly CustomResources[] = []): Promise<KubeApi> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-kube-"));
  const kubeconfig = join(folder, "kubeconfig");
  // etcd takes the port after its own too.
  const [api, etcd] = await Promise.all([freePort(), freePort(2)]);
  const program = startProgram(variable("KUBE_API"), [kubeconfig], {
    API_PORT: String(api),
    ETCD_PORT: String(etcd),
  });
  const run = (command: string, args: readonly string[], input = ""): Promise<string> =>
    runCommand(command, args, input, { KUBECONFIG: kubeconfig, HELM_CACHE_HOME: folder });
  const kubectl = (args: readonly string[], input?: string) => run("kubectl", args, input);
  const stop = async (): Promise<void> => {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  await untilReady("a Kubernetes API", program, stop);
  try {
    for (const name of crds)
      await kubectl(["apply", "--server-side", "--filename", join(variable("CRDS"), `${name}.yaml`)]);
    if (crds.length > 0)
      await kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { kubeconfig, kubectl, helm: (args, input) => run("helm", args, input), stop };
}

function runCommand(
  command: string,
  args: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20, timeout: 120_000 };
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(" ")}: ${stderr}${stdout}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end(input);
  });
}
