import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onPath } from "../../src/cli/demo/on-path.ts";
import { freePort } from "../support/free-port.ts";
import { bodyOf, headersOf, type Judge } from "./judge.ts";
import { gatewayYaml } from "./trust.ts";

const PROGRAM = "tenuo-authorizer";
const VERSION = "0.3.5";
/** More at once only makes them wait in the server. */
const CONNECTIONS = 8;

/** @returns undefined when the published server isn't installed */
export async function startAuthorizerJudge(revocationList: Uint8Array): Promise<Judge | undefined> {
  const program = onPath(PROGRAM, process.env["PATH"]);
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "tenuo-differential-"));
  const port = await freePort();
  const config = join(folder, "gateway.yaml");
  const list = join(folder, "revocation-list");
  writeFileSync(config, gatewayYaml(false));
  writeFileSync(list, revocationList);
  const server = spawn(
    program,
    [
      "--revocation-list",
      list,
      "serve",
      "--config",
      config,
      "--bind",
      "127.0.0.1",
      "--port",
      String(port),
      "--health-port",
      "0",
    ],
    {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], RUST_LOG: "tenuo_authorizer=off" },
    },
  );
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const banner = await started(server);
    if (!banner.includes(`v${VERSION}`)) throw new Error(`${program} isn't version ${VERSION}: ${banner}`);
    await reachable(port);
  } catch (error) {
    await stop();
    throw error;
  }
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  return {
    name: VERSION,
    async judge({ spec: { call }, material }) {
      const { status, text } = await post(
        agent,
        port,
        `/${call.tool}`,
        bodyOf(call.args),
        headersOf(material),
      );
      if (status === 200) return { allow: true, detail: "" };
      const answer = JSON.parse(text) as {
        error: string;
        error_code?: number;
        message: string;
        debug_error?: string;
      };
      const { error, error_code: code, message, debug_error: debug } = answer;
      return { allow: false, detail: `${status} ${code ?? ""} ${error}: ${debug ?? message}` };
    },
    async stop() {
      agent.destroy();
      await stop();
    },
  };
}

/** The lines it greets with, once the one that ends them is there. What it writes later is dropped. */
async function started(server: ChildProcess): Promise<string> {
  let text = "";
  const greeted = Promise.withResolvers<string>();
  const read = (chunk: Buffer): void => {
    text += chunk;
    if (text.includes("└")) greeted.resolve(text);
  };
  server.stderr?.on("data", read);
  server.once("error", greeted.reject);
  server.once("exit", () => greeted.reject(new Error(`${PROGRAM} ended: ${text}`)));
  const banner = await Promise.race([greeted.promise, sleep(10_000, undefined, { ref: false })]);
  if (banner === undefined) throw new Error(`${PROGRAM} doesn't start: ${text}`);
  server.stderr?.off("data", read).resume();
  return banner;
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await post(new Agent(), port, "/", "", {});
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`${PROGRAM} doesn't answer`);
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function post(
  agent: Agent,
  port: number,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const sent = request({ agent, host: "127.0.0.1", port, path, method: "POST", headers });
  sent.setHeader("content-type", "application/json");
  sent.end(body);
  const [response] = await once(sent, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, text: Buffer.concat(chunks).toString() };
}
