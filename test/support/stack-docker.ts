import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  type StartedTestContainer,
  Wait,
} from "testcontainers";
import { networkSite, POD_GROUP, podSite } from "./docker-site.ts";
import { ENVOY_VERSION } from "./envoy.ts";
import { exampleEnvoyYaml, exampleGatewayYaml } from "./envoy-yaml.ts";
import { buildImage } from "./image.ts";
import { reloadsIn } from "./reloads.ts";
import type { Address, Stack, StackSettings } from "./stack.ts";
import { waitFor } from "./wait.ts";

/**
 * What clears up after a run that was killed is a container of its own. Where its image can't be had the tests do
 * without it: they end what they started.
 */
async function preferReaper(): Promise<void> {
  await getReaper(await getContainerRuntimeClient()).catch(() => {
    process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  });
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const GATEWAY_YAML = "/etc/tenuo/gateway.yaml";

export interface DockerStack extends Stack {
  /** Runs a program in Envoy's container. @param user as `101:101` @returns its outputs */
  inEnvoy(command: readonly string[], user: string): Promise<string>;
}

/** What tests ask: Envoy, the upstream's count, the service's health. */
const PORTS = [8080, 8081, 9091];

/** The stack as containers on a network of their own or in one pod, the service from this package's Dockerfile. */
export async function startDocker(settings: StackSettings): Promise<DockerStack> {
  await preferReaper();
  const image = await buildImage();
  const site = settings.inPod ? await podSite(PORTS) : await networkSite();
  const starts: Promise<StartedTestContainer>[] = [];
  const outputs = { "tenuo-ext-authz": "", upstream: "", envoy: "" };

  const start = async (
    name: keyof typeof outputs,
    container: GenericContainer,
    port: number,
    goal: Goal,
  ): Promise<StartedTestContainer> => {
    try {
      const starting = site
        .place(container, name, [port])
        .withWaitStrategy(Wait.forAll([]))
        .withLogConsumer((stream: Readable) => {
          stream.setEncoding("utf8").on("data", (text: string) => {
            outputs[name] += text;
          });
        })
        .start();
      starts.push(starting);
      const started = await starting;
      await answers(name, site.address(started, port), goal);
      return started;
    } catch (error) {
      throw new Error(`${name} did not start: ${(error as Error).message}\n${outputs[name]}`, {
        cause: error,
      });
    }
  };
  const stop = async (): Promise<void> => {
    const ended = await Promise.allSettled(starts);
    const running = ended.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    await Promise.all(running.map((container) => container.stop({ timeout: 0 })));
    await site.close();
  };

  try {
    const keys = settings.trustedKeys.length > 0 ? ["--trusted-keys", settings.trustedKeys.join(",")] : [];
    const startingService = start(
      "tenuo-ext-authz",
      new GenericContainer(image)
        .withCommand(["serve", "--config", GATEWAY_YAML, ...keys, ...(settings.serveArguments ?? [])])
        .withCopyContentToContainer([
          { content: settings.gatewayYaml ?? exampleGatewayYaml, target: GATEWAY_YAML },
        ]),
      9091,
      READY,
    );
    const startingUpstream = start(
      "upstream",
      new GenericContainer("node:24-bookworm-slim")
        .withCommand(["node", "/upstream.ts", ...(settings.inPod ? ["127.0.0.1", "3000"] : [])])
        .withCopyFilesToContainer([
          { source: join(root, "test/support/upstream.ts"), target: "/upstream.ts" },
        ]),
      8081,
      UP,
    );
    const [service, upstream] = await Promise.all([startingService, startingUpstream]);
    const content = settings.envoyYaml ?? exampleEnvoyYaml;
    const quick = ["--concurrency", "2", "--file-flush-interval-msec", "50", "--log-level", "warn"];
    const envoy = await start(
      "envoy",
      new GenericContainer(`envoyproxy/envoy:v${ENVOY_VERSION}`)
        .withCommand(["--config-path", "/etc/envoy/gateway.yaml", ...quick])
        // Its own user, and a member of the group of the pod.
        .withUser(settings.inPod ? `101:${POD_GROUP}` : "0")
        .withCopyContentToContainer([{ content, target: "/etc/envoy/gateway.yaml" }]),
      8080,
      DECIDING,
    );
    const { address } = site;
    const engine = async (container: StartedTestContainer) =>
      (await getContainerRuntimeClient()).container.getById(container.getId());
    return {
      driver: "docker",
      gateway: () => address(envoy, 8080),
      health: () => address(service, 9091),
      upstreamCount: async () => Number(await (await get(address(upstream, 8081), "/")).text()),
      envoyOutput: () => outputs.envoy,
      serviceOutput: () => outputs["tenuo-ext-authz"],
      // Not `container.stop()`: it remembers that it was called, and would leave the container at the end.
      killService: async () => (await engine(service)).kill(),
      freezeService: async () => (await engine(service)).pause(),
      thawService: async () => (await engine(service)).unpause(),
      startService: async () => {
        outputs["tenuo-ext-authz"] = "";
        await service.restart();
        await answers("the service", address(service, 9091), READY);
      },
      reloadService: async (gatewayYaml) => {
        const before = reloadsIn(outputs["tenuo-ext-authz"]);
        await service.copyContentToContainer([{ content: gatewayYaml, target: GATEWAY_YAML }]);
        await (await engine(service)).kill({ signal: "SIGHUP" });
        await waitFor("a reload", () => reloadsIn(outputs["tenuo-ext-authz"]) > before || undefined);
      },
      killEnvoy: async () => (await engine(envoy)).kill(),
      startEnvoy: async () => {
        await envoy.restart();
        await answers("Envoy", address(envoy, 8080), DECIDING);
      },
      inEnvoy: async (command, user) => (await envoy.exec([...command], { user })).output,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A page, and the statuses at which its server is up. */
type Goal = readonly [path: string, good: (status: number) => boolean];
const READY: Goal = ["/ready", (status) => status === 200];
const UP: Goal = ["/", (status) => status === 200];
const DECIDING: Goal = ["/", (status) => status !== 503];

function get({ host, port }: Address, path: string): Promise<Response> {
  return fetch(`http://${host}:${port}${path}`);
}

async function answers(name: string, address: Address, [path, good]: Goal): Promise<void> {
  const ask = async () => (good((await get(address, path)).status) ? true : undefined);
  await waitFor(`${name} to answer ${path}`, ask, 30);
}
