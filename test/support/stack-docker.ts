import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  Network,
  type StartedTestContainer,
  Wait,
} from "testcontainers";
import { ENVOY_VERSION } from "./envoy.ts";
import { exampleEnvoyYaml, exampleGatewayYaml } from "./envoy-yaml.ts";
import { reloadsIn } from "./reloads.ts";
import type { Address, Stack, StackSettings } from "./stack.ts";
import { waitFor } from "./wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * What clears up after a run that was killed is a container of its own. Where its image can't be had the tests do
 * without it: they end what they started.
 */
async function preferReaper(): Promise<void> {
  await getReaper(await getContainerRuntimeClient()).catch(() => {
    process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  });
}

/** Once a process. */
let built: Promise<unknown> | undefined;
const IMAGE = "tenuo-ext-authz:e2e";
const GATEWAY_YAML = "/etc/tenuo/gateway.yaml";

/** The stack as containers on a network of their own, the service from this package's Dockerfile. */
export async function startDocker(settings: StackSettings): Promise<Stack> {
  await preferReaper();
  built ??= GenericContainer.fromDockerfile(root).build(IMAGE, { deleteOnExit: false });
  await built;
  const network = await new Network().start();
  const starts: Promise<StartedTestContainer>[] = [];
  const outputs = { "tenuo-ext-authz": "", upstream: "", envoy: "" };

  const start = async (
    name: keyof typeof outputs,
    container: GenericContainer,
  ): Promise<StartedTestContainer> => {
    try {
      const starting = container
        .withNetwork(network)
        .withNetworkAliases(name)
        .withStartupTimeout(30_000)
        .withLogConsumer((stream: Readable) => {
          stream.setEncoding("utf8").on("data", (text: string) => {
            outputs[name] += text;
          });
        })
        .start();
      starts.push(starting);
      return await starting;
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
    await network.stop();
  };

  try {
    const keys = settings.trustedKeys.length > 0 ? ["--trusted-keys", settings.trustedKeys.join(",")] : [];
    const startingService = start(
      "tenuo-ext-authz",
      new GenericContainer(IMAGE)
        .withCommand(["serve", "--config", GATEWAY_YAML, ...keys, ...(settings.serveArguments ?? [])])
        .withCopyContentToContainer([
          { content: settings.gatewayYaml ?? exampleGatewayYaml, target: GATEWAY_YAML },
        ])
        .withExposedPorts(9091)
        .withWaitStrategy(Wait.forHttp("/ready", 9091).forStatusCode(200)),
    );
    const startingUpstream = start(
      "upstream",
      new GenericContainer("node:24-bookworm-slim")
        .withCommand(["node", "/upstream.ts"])
        .withCopyFilesToContainer([
          { source: join(root, "test/support/upstream.ts"), target: "/upstream.ts" },
        ])
        .withExposedPorts(8081)
        .withWaitStrategy(Wait.forHttp("/", 8081)),
    );
    const [service, upstream] = await Promise.all([startingService, startingUpstream]);
    const content = settings.envoyYaml ?? exampleEnvoyYaml;
    const quick = ["--concurrency", "2", "--file-flush-interval-msec", "50", "--log-level", "warn"];
    const envoy = await start(
      "envoy",
      new GenericContainer(`envoyproxy/envoy:v${ENVOY_VERSION}`)
        .withCommand(["--config-path", "/etc/envoy/gateway.yaml", ...quick])
        .withCopyContentToContainer([{ content, target: "/etc/envoy/gateway.yaml" }])
        .withExposedPorts(8080)
        .withWaitStrategy(Wait.forHttp("/", 8080).forStatusCodeMatching((status) => status !== 503)),
    );
    const address = (container: StartedTestContainer, port: number): Address => ({
      host: container.getHost(),
      port: container.getMappedPort(port),
    });
    const engine = async (container: StartedTestContainer) =>
      (await getContainerRuntimeClient()).container.getById(container.getId());
    const get = async (container: StartedTestContainer, port: number, path: string) => {
      const { host, port: mapped } = address(container, port);
      return fetch(`http://${host}:${mapped}${path}`);
    };
    return {
      driver: "docker",
      gateway: () => address(envoy, 8080),
      health: () => address(service, 9091),
      upstreamCount: async () => Number(await (await get(upstream, 8081, "/")).text()),
      envoyOutput: () => outputs.envoy,
      serviceOutput: () => outputs["tenuo-ext-authz"],
      // Not `container.stop()`: it remembers that it was called, and would leave the container at the end.
      killService: async () => (await engine(service)).kill(),
      freezeService: async () => (await engine(service)).pause(),
      thawService: async () => (await engine(service)).unpause(),
      startService: async () => {
        outputs["tenuo-ext-authz"] = "";
        await service.restart();
        await waitFor("the service to be ready", async () =>
          (await get(service, 9091, "/ready")).status === 200 ? true : undefined,
        );
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
        await waitFor("Envoy to answer", async () =>
          (await get(envoy, 8080, "/")).status !== 503 ? true : undefined,
        );
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
