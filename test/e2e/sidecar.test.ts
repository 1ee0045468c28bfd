import assert from "node:assert/strict";
import { it } from "node:test";
import { POD_GROUP } from "../support/docker-site.ts";
import { envoyFile } from "../support/envoy-files.ts";
import { guardCases } from "../support/guard-cases.ts";
import { chosenDriver, noStack, type Stack } from "../support/stack.ts";
import { type DockerStack, startDocker } from "../support/stack-docker.ts";
import { startLocal } from "../support/stack-local.ts";
import { newKey } from "../support/warrants.ts";

// The flags are those that the files tell.

const root = newKey();
const trustedKeys = [root.publicKey.hex];
const skip = await noStack();
const isDocker = (await chosenDriver()) === "docker";

const SOCKET = "/run/tenuo/authz/authz.sock";
const HEALTH = ["--health-bind", "0.0.0.0"];

function startSidecar(name: string, serveArguments: readonly string[]): Promise<Stack> {
  const settings = { trustedKeys, envoyYaml: envoyFile(name) };
  if (isDocker) return startDocker({ ...settings, serveArguments, inPod: true });
  return startLocal(settings);
}

guardCases("envoy/sidecar-tcp.yaml", {
  ...{ skip, root },
  start: () => startSidecar("sidecar-tcp.yaml", ["--bind", "127.0.0.1", ...HEALTH]),
});

guardCases("envoy/sidecar-unix-socket.yaml", {
  ...{ skip, root },
  start: () =>
    startSidecar("sidecar-unix-socket.yaml", ["--socket", SOCKET, "--health-port", "9091", ...HEALTH]),
  more: (stack) => {
    // Users of their own take containers.
    if (!isDocker) return;
    it("lets the pod's group ask, and nobody else", async () => {
      const docker = stack() as DockerStack;
      const status = await docker.inEnvoy(["stat", "--format", "%a %u %g", SOCKET], "0");
      assert.equal(status.trim(), `660 65532 ${POD_GROUP}`);
      const connect = `use IO::Socket::UNIX; print IO::Socket::UNIX->new(Peer => "${SOCKET}") ? "open" : $!`;
      const as = (user: string) => docker.inEnvoy(["perl", "-e", connect], user);
      assert.deepEqual(
        [await as(`101:${POD_GROUP}`), await as("101:101"), await as("1000:1000")],
        ["open", "Permission denied", "Permission denied"],
      );
    });
  },
});
