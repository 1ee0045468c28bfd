// quickstart/ as a newcomer meets it: a fresh copy of the repository, and README.md from the first command to the last.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { blocksIn, fencedBlocks } from "../support/fenced-blocks.ts";
import { freePort } from "../support/free-port.ts";
import { missing } from "../support/missing.ts";
import { isAsShown, type ShellBlock, shellBlocks } from "../support/shell-blocks.ts";
import { waitFor } from "../support/wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "quickstart/README.md"), "utf8");
const blocks = shellBlocks(page);
const PROJECT = `tenuo-quickstart-test-${process.pid}`;
/** Building may take its time; nothing else does. */
const COMMAND_MS = 300_000;
/** On a machine with other things to do. */
const RELOADED_SECONDS = 45;

function noCompose(): string | false {
  try {
    execFileSync("docker", ["compose", "version"], { stdio: "pipe" });
    execFileSync("docker", ["version"], { stdio: "pipe" });
    for (const program of ["curl", "jq"]) execFileSync(program, ["--version"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return missing("the quickstart (Docker Compose, curl and jq)", error);
  }
}

interface Outcome {
  readonly failed: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

describe("the quickstart", { skip: noCompose() }, () => {
  const home = mkdtempSync(join(tmpdir(), "tenuo-quickstart-"));
  const folder = join(home, "quickstart");
  let env: NodeJS.ProcessEnv = {};

  /** As typed into a shell in quickstart/. */
  const run = (command: string, more: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    new Promise((resolve) => {
      const options = { cwd: folder, env: { ...env, ...more }, timeout: COMMAND_MS };
      const shell = execFile("bash", ["-o", "pipefail", "-c", command], options, (error, stdout, stderr) =>
        resolve({ failed: error !== null, stdout, stderr }),
      );
      shell.stdin?.end();
    });
  const succeed = async (command: string): Promise<string> => {
    const { failed, stdout, stderr } = await run(command);
    assert.ok(!failed, `${command}: ${stderr}${stdout}`);
    return stdout;
  };
  /** The agent's own calls, all as they should be. */
  const agentIsContent = async (): Promise<void> => {
    await succeed("docker compose run --rm --no-deps agent");
  };

  before(async () => {
    const gone = ["node_modules", ".git", "dist"];
    cpSync(root, home, { recursive: true, filter: (source) => !gone.includes(basename(source)) });
    // Containers have other users than the clone, and are let in as the page says.
    execFileSync("chmod", ["-R", "go=", home]);
    const letIn = /`umask 022; (chmod [^`]+)`/.exec(page)?.[1] ?? "";
    execFileSync("bash", ["-e", "-c", letIn], { cwd: folder });
    const port = await freePort();
    // The page's commands say port 8080; curl is told where that is here.
    writeFileSync(join(home, ".curlrc"), `connect-to = "localhost:8080:127.0.0.1:${port}"\n`);
    env = { ...process.env, COMPOSE_PROJECT_NAME: PROJECT, GATEWAY_PORT: String(port), CURL_HOME: home };
  });

  after(async () => {
    await run("docker compose down --volumes --rmi local --timeout 1");
    rmSync(home, { recursive: true, force: true });
  });

  const last = blocks.at(-1);
  for (const block of blocks.slice(0, -1)) test(block.command.trim(), () => holds(block));

  /** A block that shows what it prints is tried again, as a reader would: a changed file takes a second. */
  async function holds({ command, output }: ShellBlock): Promise<void> {
    if (output === undefined) {
      await succeed(command);
      return;
    }
    let printed = "";
    try {
      await waitFor(
        "what the page shows",
        async () => {
          const { failed, stdout, stderr } = await run(command);
          printed = failed ? `${stdout}${stderr}` : stdout;
          return (!failed && isAsShown(printed, output)) || undefined;
        },
        RELOADED_SECONDS,
      );
    } catch (error) {
      const { stdout } = await run("docker compose logs --tail 30");
      throw new Error(`${(error as Error).message}\n${printed}\nshown:\n${output}\n${stdout}`, {
        cause: error,
      });
    }
  }

  test("the page has commands for each of its steps", () => {
    const steps = fencedBlocks(page).flatMap(({ language, heading }) => (language === "sh" ? [heading] : []));
    assert.deepEqual(
      [...new Set(steps)],
      ["Start", "Call it yourself", "See why", "Change the rules", "Revoke", "Stop"],
    );
    const shown = blocks.filter(({ output }) => output !== undefined);
    assert.equal(shown.length, blocksIn(page, "text").length);
    assert.equal(last?.command, "docker compose down --volumes --rmi local\n");
  });

  test("each service has the volumes it needs, no capability, and no file of its own to write", async () => {
    const { services } = JSON.parse(await succeed("docker compose config --format json")) as {
      services: Record<string, Service>;
    };
    const users = (volume: string) =>
      Object.entries(services).flatMap(([name, { volumes = [] }]) =>
        volumes.flatMap(({ source, read_only }) =>
          source === volume ? [`${name}${read_only === true ? " (reads)" : ""}`] : [],
        ),
      );
    assert.deepEqual(users("root-key"), ["issuer"]);
    assert.deepEqual(users("agent-key").sort(), ["agent (reads)", "agent-key"]);
    assert.deepEqual(users("trust").sort(), ["issuer", "tenuo-ext-authz (reads)"]);
    for (const [name, service] of Object.entries(services)) {
      assert.deepEqual(service.cap_drop, ["ALL"], name);
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
      for (const { host_ip } of service.ports ?? []) assert.equal(host_ip, "127.0.0.1", name);
    }
    const processes = await succeed("docker compose top envoy upstream tenuo-ext-authz");
    assert.doesNotMatch(processes, /^root\s/m);
  });

  test("there is no way around the gateway", async () => {
    const connect = `
import socket, sys
for host in ["envoy", "upstream", "tenuo-ext-authz"]:
    try:
        socket.create_connection((host, 8080), 2)
        print(host, "reached")
    except socket.gaierror:
        print(host, "unknown")
`;
    const agent = "docker compose run --rm --no-deps --entrypoint python agent";
    const reached = await succeed(`${agent} -c '${connect}'`);
    assert.deepEqual(reached.trim().split("\n"), [
      "envoy reached",
      "upstream unknown",
      "tenuo-ext-authz unknown",
    ]);
  });

  test("the agent fails where a verdict isn't what it should be", async () => {
    await succeed("sed -i 's/mode: enforce/mode: audit/' config/gateway.yaml");
    await waitFor(
      "the agent to fail",
      async () => {
        const { failed, stdout } = await run("docker compose run --rm --no-deps agent");
        return (failed && /EXPECTED 401 missing_warrant/.test(stdout)) || undefined;
      },
      RELOADED_SECONDS,
    );
    await succeed("sed -i 's/mode: audit/mode: enforce/' config/gateway.yaml");
    await waitFor(
      "the agent to succeed",
      async () => {
        const { failed } = await run("docker compose run --rm --no-deps agent");
        return !failed || undefined;
      },
      RELOADED_SECONDS,
    );
  });

  test("what isn't the id of a warrant isn't revoked", async () => {
    const { failed, stderr } = await run("docker compose run --rm --no-deps issuer revoke agent");
    assert.ok(failed);
    assert.match(stderr, /not the id of a warrant/);
  });

  test("an authorizer that is made anew is found", async () => {
    await succeed("docker compose up --detach --force-recreate --no-deps tenuo-ext-authz");
    await agentIsContent();
  });

  test("a port that is taken is named; a second `up` goes on with the same keys", async () => {
    const roots = () => succeed("docker compose run --rm --no-deps --entrypoint cat issuer /trust/roots.txt");
    const before = await roots();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const { failed, stderr } = await run("docker compose up --detach", { GATEWAY_PORT: String(port) });
    taken.close();
    assert.ok(failed);
    assert.match(stderr, /port is already allocated|address already in use/);
    await succeed("docker compose up --detach");
    await agentIsContent();
    assert.equal(await roots(), before);
  });

  test("the last command leaves nothing behind", async () => {
    await succeed(last?.command ?? "");
    const label = `label=com.docker.compose.project=${PROJECT}`;
    for (const kind of ["container", "volume", "network", "image"]) {
      const all = kind === "container" ? "--all" : "";
      assert.equal(await succeed(`docker ${kind} ls ${all} --quiet --filter ${label}`), "", kind);
    }
  });

  test("and one begins anew, with a gateway.yaml that isn't good at first", async () => {
    await succeed("sed -i 's/mode: enforce/mode: enforec/' config/gateway.yaml");
    const { failed } = await run("docker compose up --detach");
    assert.ok(failed);
    const log = await succeed("docker compose logs --no-log-prefix tenuo-ext-authz");
    assert.match(log, /gateway\.yaml:5:9: `mode` must be one of/);
    await succeed("sed -i 's/mode: enforec/mode: enforce/' config/gateway.yaml");
    await succeed("docker compose up --detach");
    await agentIsContent();
  });
});

interface Service {
  readonly cap_drop?: readonly string[];
  readonly read_only?: boolean;
  readonly security_opt?: readonly string[];
  readonly ports?: readonly { readonly host_ip?: string }[];
  readonly volumes?: readonly { readonly source: string; readonly read_only?: boolean }[];
}
