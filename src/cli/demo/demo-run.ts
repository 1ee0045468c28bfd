import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seedOf } from "../../crypto/ed25519.ts";
import { errorMessage } from "../../server/error-message.ts";
import { createLog } from "../../server/log/log.ts";
import { startServer } from "../../server/server.ts";
import { loadSnapshot } from "../../server/state/load-snapshot.ts";
import { messagesOf } from "../../server/state/part.ts";
import { createState } from "../../server/state/state.ts";
import { unixNow } from "../../server/unix-now.ts";
import { encodeHeader } from "../../warrant/header.ts";
import { encodeStack } from "../../warrant/mint.ts";
import { EXIT_FAILED, EXIT_OK, type Input } from "../command.ts";
import { PROGRAM } from "../help.ts";
import { VERSION } from "../version.ts";
import { type EnvoyFound, findEnvoy, type RunningEnvoy, startEnvoy } from "./envoy.ts";
import { type Case, type Cast, gatewayYaml, makeCases, makeCast } from "./scenario.ts";
import { type Answer, overGrpc, type Send, throughProxy } from "./send.ts";
import { startUpstream } from "./upstream.ts";

/** Starts everything, sends the requests, and clears up. */
export async function runDemo(input: Input): Promise<number> {
  const stopped = input.stopped();
  const folder = mkdtempSync(join(tmpdir(), `${PROGRAM}-demo-`));
  const cast = makeCast(unixNow());
  const files = writeFiles(folder, cast);
  input.stdout(`Files of this demo are in ${folder}\n`);

  const sources = { configFile: files.config, trustedKeys: [] };
  const loaded = await loadSnapshot(sources, new Date());
  if (!loaded.ok)
    throw new Error(`the demo's own gateway.yaml doesn't load:\n${messagesOf(loaded.errors).join("\n")}`);
  const server = await startServer({
    bind: "127.0.0.1",
    port: 0,
    healthBind: "127.0.0.1",
    healthPort: 0,
    drainSeconds: 0,
    version: VERSION,
    state: createState(sources, loaded),
    log: createLog("silent"),
  });
  input.stdout(`Authorizer    127.0.0.1:${server.port} (gRPC), health pages on ${server.healthPort}\n`);
  const upstream = await startUpstream();
  const envoy = await tryEnvoy(input, folder, { authorizer: server.port, upstream: upstream.port });
  const direct = envoy === undefined ? overGrpc(server.port) : undefined;

  try {
    const send = direct ?? throughProxy(envoy?.port ?? 0);
    const failures = await Promise.race([runCases(input, makeCases(cast, unixNow()), send), stopped]);
    if (failures === undefined) return EXIT_FAILED;
    input.stdout(goOnByHand(files, server, envoy, input.isSet("keep")));
    if (input.isSet("keep")) await stopped;
    return failures === 0 ? EXIT_OK : EXIT_FAILED;
  } finally {
    direct?.close();
    envoy?.close();
    upstream.close();
    await server.drain();
  }
}

type Files = Readonly<Record<"config" | "warrant" | "key", string>>;

function writeFiles(folder: string, { root, worker, stack }: Cast): Files {
  const files = {
    config: join(folder, "gateway.yaml"),
    warrant: join(folder, "worker.warrant"),
    key: join(folder, "worker.key"),
  };
  writeFileSync(files.config, gatewayYaml(root.publicKey.hex));
  writeFileSync(files.warrant, `${encodeHeader(encodeStack(stack))}\n`);
  writeFileSync(files.key, `${Buffer.from(seedOf(worker)).toString("hex")}\n`, { mode: 0o600 });
  // Envoy in a container runs as another user.
  chmodSync(folder, 0o755);
  return files;
}

async function tryEnvoy(
  input: Input,
  folder: string,
  ports: { readonly authorizer: number; readonly upstream: number },
): Promise<RunningEnvoy | undefined> {
  const found: EnvoyFound | undefined = await findEnvoy(input.variables, input.stdout);
  if (found === undefined) {
    input.stdout(
      "Envoy         none found (ENVOY_BIN, PATH, Docker): asking the authorizer directly over gRPC\n\n",
    );
    return undefined;
  }
  try {
    const envoy = await startEnvoy(found, folder, ports);
    input.stdout(`Envoy         ${found.origin} on 127.0.0.1:${envoy.port}\n\n`);
    return envoy;
  } catch (error) {
    input.stdout(`Envoy         ${found.origin} didn't start: ${errorMessage(error)}\n`);
    input.stdout("              asking the authorizer directly over gRPC\n\n");
    return undefined;
  }
}

/** @returns how many verdicts weren't the expected ones. */
async function runCases(input: Input, cases: readonly Case[], send: Send): Promise<number> {
  let failures = 0;
  for (const each of cases) {
    const answer = await send(each.request);
    const asExpected = answer.status === each.status && answer.reason?.split(":", 1)[0] === each.reason;
    if (!asExpected) failures++;
    input.stdout(`${asExpected ? "  " : "! "}${line(each, answer)}\n`);
  }
  const held = cases.length - failures;
  input.stdout(`\n${held} of ${cases.length} verdicts as expected\n`);
  return failures;
}

function line({ title, request }: Case, { status, reason }: Answer): string {
  const what = `${request.method} ${request.target}`;
  return `${title.padEnd(32)}${what.padEnd(48)}${status}  ${reason ?? "allowed"}`;
}

function goOnByHand(
  files: Files,
  server: { readonly port: number; readonly healthPort: number | undefined },
  envoy: RunningEnvoy | undefined,
  isKept: boolean,
): string {
  // Straight from the repository there is no program of that name on the PATH.
  const program = import.meta.url.endsWith(".ts") ? "npm --silent start --" : PROGRAM;
  const sign = `${program} sign --warrant ${files.warrant} --key ${files.key}`;
  const lines = isKept
    ? [
        "\nStill up; stop it with Ctrl-C. To go on by hand:",
        `  curl -s http://127.0.0.1:${server.healthPort}/status`,
        ...(envoy === undefined
          ? [`  ${sign} --tool read_file --arg path=data/reports/june.csv`]
          : [
              `  ${sign} --tool read_file --arg path=data/reports/june.csv \\`,
              `    | curl -si -H @- http://127.0.0.1:${envoy.port}/files/data/reports/june.csv`,
              `  ${sign} --tool scale_service --args '{"service":"web-1","replicas":9}' \\`,
              `    | curl -si -X PUT -H @- --json '{"replicas":9}' http://127.0.0.1:${envoy.port}/services/web-1/scale`,
            ]),
      ]
    : [
        "\nTo go on by hand:",
        `  ${program} demo --keep      the same, and it stays up with commands to copy`,
        `  ${program} check-config ${files.config}`,
        `  ${program} serve --config ${files.config} --bind 127.0.0.1`,
        "    then http://127.0.0.1:9090/status, and envoy/gateway.yaml for the proxy in front of it",
      ];
  return `${lines.join("\n")}\n`;
}
