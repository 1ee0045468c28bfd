import { randomUUID } from "node:crypto";
import {
  type GenericContainer as Container,
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  type StartedTestContainer,
  Wait,
} from "testcontainers";
import type { Address } from "./stack.ts";

/** Where containers find each other, and the tests find them. */
export interface DockerSite {
  /** @param ports that the tests ask */
  readonly place: (container: Container, name: string, ports: readonly number[]) => Container;
  readonly address: (container: StartedTestContainer, port: number) => Address;
  /** Once its containers are gone. */
  readonly close: () => Promise<void>;
}

/** A network on which each has an address and a name. */
export async function networkSite(): Promise<DockerSite> {
  const network = await new Network().start();
  return {
    place: (container, name, ports) =>
      container
        .withNetwork(network)
        .withNetworkAliases(name)
        .withExposedPorts(...ports),
    address: addressOf,
    close: async () => void (await network.stop()),
  };
}

/** The group of the pod's volumes, `fsGroup`. */
export const POD_GROUP = 65532;

/**
 * A pod of Kubernetes: one network, and at /run/tenuo a volume as `emptyDir` is with `fsGroup`, which all may write to
 * and whose files belong to that group.
 *
 * @param ports that the tests ask, of whichever container
 */
export async function podSite(ports: readonly number[]): Promise<DockerSite> {
  const { container: engine } = await getContainerRuntimeClient();
  const Name = `tenuo-e2e-${randomUUID()}`;
  const DriverOpts = { type: "tmpfs", device: "tmpfs", o: `mode=2777,gid=${POD_GROUP}` };
  await engine.dockerode.createVolume({ Name, Driver: "local", DriverOpts });
  const pod = await new GenericContainer("node:24-bookworm-slim")
    .withCommand(["sleep", "infinity"])
    .withExposedPorts(...ports)
    .withBindMounts([{ source: Name, target: "/run/tenuo" }])
    .withWaitStrategy(Wait.forAll([]))
    .start();
  return {
    place: (container) =>
      container
        .withNetworkMode(`container:${pod.getId()}`)
        .withBindMounts([{ source: Name, target: "/run/tenuo" }]),
    address: (_, port) => addressOf(pod, port),
    close: async () => {
      await pod.stop({ timeout: 0 });
      await engine.dockerode.getVolume(Name).remove();
    },
  };
}

function addressOf(container: StartedTestContainer, port: number): Address {
  return { host: container.getHost(), port: container.getMappedPort(port) };
}
