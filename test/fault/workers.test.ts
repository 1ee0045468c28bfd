import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  createReadStream,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileQuestions, keepAsking, type Question, told } from "../support/asking.ts";
import { verdictIn } from "../support/check-request.ts";
import { everyReason } from "../support/every-reason.ts";
import { freePort } from "../support/free-port.ts";
import { metric } from "../support/metric.ts";
import { connectOwn, type OwnConnection, type Place } from "../support/own-connection.ts";
import { createPki, noPki } from "../support/pki.ts";
import { MAIN } from "../support/replica.ts";
import { type ServeOptions, type Serving, startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const WORKERS = 2;
/** What is written to a pipe at once stays together up to here. */
const PIPE_BUF = 4096;
const CONNECTIONS = 4;

const root = newKey();
const questions = await fileQuestions(root);
const pki = createPki();
after(pki.remove);
const folder = mkdtempSync(join(tmpdir(), "tenuo-workers-"));
after(() => rmSync(folder, { recursive: true }));

/** Where {@link questions} have their verdicts. */
const GATEWAY = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]}
tools: {read_file: {constraints: {name: {from: path, path: name}}}}
routes: [{pattern: "/v1/files/{name}", method: GET, tool: read_file}]
`;

interface Working extends Serving {
  readonly healthPort: number;
  /** Of the workers that run. */
  readonly workers: () => readonly number[];
}

async function startWorkers(
  t: TestContext,
  gatewayYaml = GATEWAY,
  { args = [], ...options }: ServeOptions = {},
): Promise<Working> {
  const healthPort = await freePort();
  const service = await startServe(t, gatewayYaml, {
    args: ["--workers", String(WORKERS), ...args],
    env: { TENUO_HEALTH_PORT: String(healthPort) },
    ...options,
  });
  return { ...service, healthPort, workers: () => childrenOf(service.pid) };
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function connectAll(t: TestContext, place: Place, count = CONNECTIONS): Promise<OwnConnection[]> {
  const connections: OwnConnection[] = [];
  // One after the other: who has the fewest is known once those before are there.
  for (let i = 0; i < count; i++) connections.push(await connectOwn(place));
  t.after(() => {
    for (const { close } of connections) close();
  });
  return connections;
}

/** Asks over all of them in turn, and over a new one in place of each that has ended. */
function overAll(place: Place, connections: OwnConnection[]) {
  let next = 0;
  return {
    ask: async (path: string, headers: Readonly<Record<string, string>>): Promise<string> => {
      const at = next++ % connections.length;
      let connection = connections[at] as OwnConnection;
      if (!connection.isOpen()) {
        connection = await connectOwn(place);
        connections[at] = connection;
      }
      return verdictIn(await connection.check({ method: "GET", path, host: "api", headers }));
    },
    close: () => {
      for (const { close } of connections) close();
    },
  };
}

async function verdictsOf(
  connections: readonly OwnConnection[],
  asked: readonly Question[] = questions,
): Promise<ReadonlySet<string>> {
  const verdicts = new Set<string>();
  for (const connection of connections) {
    const each: string[] = [];
    for (const { target, headers } of asked) {
      const http = { method: "GET", path: target, host: "api", headers: await headers() };
      each.push(verdictIn(await connection.check(http)));
    }
    verdicts.add(each.join());
  }
  return verdicts;
}

const eventsOf = ({ lines }: Serving, event: string) => lines().filter((line) => line["event"] === event);
const withOwn = (name: string): string => GATEWAY.replace("/v1/files/{name}", `/v1/files/{${name}}`);

test("each worker gives the verdict that one process gives, for every reason there is", async (t) => {
  const { cases, gatewayYaml } = everyReason();
  const asked = cases.filter(({ change, maxInflight }) => change === undefined && maxInflight === undefined);
  const alone = await startServe(t, gatewayYaml());
  const together = await startWorkers(t, gatewayYaml());
  const answersOf = async (place: Place, count: number) => {
    const all = new Map<string, unknown>();
    for (const [i, connection] of (await connectAll(t, place, count)).entries()) {
      for (const { name, http } of asked) {
        const { okResponse, deniedResponse, status } = await connection.check(http);
        const body = JSON.parse(deniedResponse?.body || "{}");
        const names = [okResponse?.headers, deniedResponse?.headers]
          .flatMap((headers) => headers ?? [])
          .map(({ header }) => header?.key);
        all.set(`${i} ${name}`, [status?.code, { ...body, request_id: "" }, deniedResponse?.status, names]);
      }
    }
    return all;
  };
  const one = await answersOf({ port: alone.port }, 1);
  const both = await answersOf({ port: together.port }, WORKERS);
  assert.ok(
    asked.length > 20 && new Set([...one.values()].map((answer) => JSON.stringify(answer))).size > 15,
  );
  assert.equal(both.size, WORKERS * one.size);
  for (const [name, answer] of both) assert.deepEqual(answer, one.get(name.replace(/^\d+/, "0")), name);
});

test("connections are spread evenly, and a worker that is killed loses its own alone, and is replaced", async (t) => {
  const service = await startWorkers(t);
  const place = { port: service.port };
  const connections = await connectAll(t, place);
  const [victim, other] = service.workers();
  const asking = keepAsking(t, overAll(place, [...connections]), questions, CONNECTIONS);
  await waitFor("verdicts", () => asking.figures().asked > 50 || undefined);
  process.kill(victim ?? 0, "SIGKILL");
  await waitFor("another worker", async () =>
    (await metric(service.healthPort, "tenuo_workers")) === WORKERS &&
    (await metric(service.healthPort, "tenuo_workers_lost_total")) === 1
      ? true
      : undefined,
  );
  assert.equal(connections.filter(({ isOpen }) => isOpen()).length, CONNECTIONS / WORKERS);
  assert.ok(service.workers().includes(other ?? 0) && !service.workers().includes(victim ?? 0));
  const since = asking.figures().asked;
  await waitFor("more verdicts", () => asking.figures().asked > since + 50 || undefined);
  const figures = await asking.stop();
  t.diagnostic(told(figures));
  assert.deepEqual([figures.wrong, figures.overloaded], [[], 0]);
  assert.ok(figures.errors <= 2 * CONNECTIONS, "calls on the connections of the victim alone");
  assert.deepEqual(
    eventsOf(service, "worker_lost").map((line) => line["pid"]),
    [victim],
  );
  const fresh = await connectAll(t, place, WORKERS);
  assert.equal((await verdictsOf(fresh)).size, 1);
});

test("without any worker it isn't ready, until there is one again", async (t) => {
  const service = await startWorkers(t);
  const ready = async (): Promise<number> =>
    (await fetch(`http://127.0.0.1:${service.healthPort}/ready`)).status;
  assert.equal(await ready(), 200);
  for (const pid of service.workers()) process.kill(pid, "SIGKILL");
  await waitFor("unready", async () => ((await ready()) === 503 ? true : undefined));
  await waitFor("ready again", async () => ((await ready()) === 200 ? true : undefined));
});

test("a worker that hangs is replaced as well", async (t) => {
  const service = await startWorkers(t);
  const [victim] = service.workers();
  process.kill(victim ?? 0, "SIGSTOP");
  const [line] = await waitFor(
    "its loss",
    () => (eventsOf(service, "worker_lost").length > 0 ? eventsOf(service, "worker_lost") : undefined),
    60,
  );
  assert.equal(line?.["pid"], victim);
});

test("a reload is in force in every worker once it is told, and a bad one in none", async (t) => {
  const service = await startWorkers(t);
  const connections = await connectAll(t, { port: service.port });
  const pages = (): Promise<readonly string[]> =>
    Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const response = await fetch(`http://127.0.0.1:${service.port}/status`, {
          headers: { connection: "close" },
        });
        const { config } = (await response.json()) as { readonly config: object };
        return JSON.stringify(config);
      }),
    );
  assert.deepEqual(
    await verdictsOf(connections),
    new Set(["allow,invalid_pop,untrusted_root,missing_warrant"]),
  );
  for (let round = 0; round < 5; round++) {
    writeFileSync(service.config, round % 2 === 0 ? "tools: [" : withOwn(`name${round}`));
    const { result } = await service.reload();
    assert.equal(result, round % 2 === 0 ? "failure" : "success");
    const expected = round === 0 ? "allow,invalid_pop,untrusted_root,missing_warrant" : undefined;
    const [verdicts, ...others] = await verdictsOf(connections);
    assert.deepEqual(others, [], "all the same");
    if (expected !== undefined) assert.equal(verdicts, expected);
    const configs = new Set(await pages());
    assert.equal(configs.size, 1, [...configs].join("\n"));
    const { failed_reload: failed, sha256 } = JSON.parse([...configs][0] ?? "{}");
    assert.equal(failed !== null, round % 2 === 0);
    if (round % 2 !== 0) assert.equal(sha256, eventsOf(service, "reload").at(-1)?.["config_sha256"]);
  }
  writeFileSync(service.config, GATEWAY.replace(root.publicKey.hex, newKey().publicKey.hex));
  await service.reload();
  assert.deepEqual(
    await verdictsOf(connections),
    new Set(["untrusted_root,untrusted_root,untrusted_root,missing_warrant"]),
  );
});

test("a worker that starts while a reload is under way judges by what is coming", async (t) => {
  const service = await startWorkers(t);
  const [slow = 0, victim = 0] = service.workers();
  process.kill(slow, "SIGSTOP");
  writeFileSync(service.config, GATEWAY.replace(root.publicKey.hex, newKey().publicKey.hex));
  const reload = service.reload();
  await sleep(500);
  process.kill(victim, "SIGKILL");
  const isNew = (pid: number): boolean => pid !== slow && pid !== victim;
  await waitFor("another worker", () => service.workers().some(isNew) || undefined);
  // It has its state from the beginning, and the reload isn't over.
  await sleep(1_500);
  process.kill(slow, "SIGCONT");
  assert.equal((await reload)["result"], "success");
  const connections = await connectAll(t, { port: service.port });
  assert.deepEqual(
    await verdictsOf(connections),
    new Set(["untrusted_root,untrusted_root,untrusted_root,missing_warrant"]),
  );
});

test("a reload is told once the last worker has it", async (t) => {
  const service = await startWorkers(t);
  const [slow] = service.workers();
  process.kill(slow ?? 0, "SIGSTOP");
  writeFileSync(service.config, withOwn("other"));
  const reload = service.reload();
  await sleep(500);
  assert.deepEqual(eventsOf(service, "reload"), []);
  process.kill(slow ?? 0, "SIGCONT");
  assert.equal((await reload)["result"], "success");
});

test("a worker that comes later judges by what is in force by then", async (t) => {
  const service = await startWorkers(t);
  writeFileSync(service.config, GATEWAY.replace(root.publicKey.hex, newKey().publicKey.hex));
  await service.reload();
  writeFileSync(service.config, "tools: [");
  await service.reload();
  const before = service.workers();
  for (const pid of before) process.kill(pid, "SIGKILL");
  await waitFor("others", async () =>
    service.workers().length === WORKERS && (await metric(service.healthPort, "tenuo_workers")) === WORKERS
      ? true
      : undefined,
  );
  assert.ok(service.workers().every((pid) => !before.includes(pid)));
  assert.deepEqual(
    await verdictsOf(await connectAll(t, { port: service.port })),
    new Set(["untrusted_root,untrusted_root,untrusted_root,missing_warrant"]),
  );
});

test("metrics are those of all workers together", async (t) => {
  const service = await startWorkers(t);
  const connections = await connectAll(t, { port: service.port });
  await verdictsOf(connections);
  const page = await (await fetch(`http://127.0.0.1:${service.healthPort}/metrics`)).text();
  const sample = (name: string): number =>
    Number(
      page
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  assert.equal(sample('tenuo_decisions_total{decision="allow",reason="",tool="read_file"}'), CONNECTIONS);
  assert.equal(sample("tenuo_check_duration_seconds_count"), CONNECTIONS * questions.length);
  assert.equal(sample('tenuo_check_duration_seconds_bucket{le="+Inf"}'), CONNECTIONS * questions.length);
  assert.equal(sample("tenuo_connections"), CONNECTIONS);
  assert.deepEqual([sample("tenuo_workers"), sample('tenuo_mode{mode="enforce"}')], [WORKERS, 1]);
  const started = sample("process_start_time_seconds");
  assert.ok(Math.abs(started - Date.now() / 1000) < 120, "when the first of them began");
});

test("what a lost worker had counted stays counted", async (t) => {
  const service = await startWorkers(t);
  await verdictsOf(await connectAll(t, { port: service.port }));
  const counted = () => metric(service.healthPort, "tenuo_check_duration_seconds_count");
  assert.equal(await counted(), CONNECTIONS * questions.length);
  process.kill(service.workers()[0] ?? 0, "SIGKILL");
  await waitFor("its loss", () => eventsOf(service, "worker_lost")[0]);
  assert.equal(await counted(), CONNECTIONS * questions.length);
});

test("one drain: nothing is lost of what is asked meanwhile, each step is told once, and nobody is left", async (t) => {
  const service = await startWorkers(t, GATEWAY, { args: ["--drain-seconds", "1"] });
  const place = { port: service.port };
  const connections = await connectAll(t, place);
  const asking = keepAsking(t, overAll(place, connections), questions, CONNECTIONS);
  await waitFor("verdicts", () => asking.figures().asked > 50 || undefined);
  const workers = service.workers();
  const ended = service.stop();
  // As a signal to the whole group.
  for (const pid of workers) process.kill(pid, "SIGTERM");
  for (const pid of workers) process.kill(pid, "SIGINT");
  await waitFor("the drain", () => eventsOf(service, "stopping")[0]);
  const pages = await Promise.all(
    [service.port, service.port, service.healthPort].map(async (port) =>
      (await fetch(`http://127.0.0.1:${port}/ready`, { headers: { connection: "close" } })).json(),
    ),
  );
  for (const page of pages) assert.deepEqual(page, { ready: false, reasons: ["shutting down"] });
  await sleep(300);
  const figures = await asking.stop();
  t.diagnostic(told(figures));
  assert.deepEqual([figures.wrong, figures.errors, figures.overloaded], [[], 0, 0]);
  await ended;
  for (const event of ["listening", "stopping", "drained", "stopped"])
    assert.equal(eventsOf(service, event).length, 1, event);
  const { connections: counted } = eventsOf(service, "stopping")[0] as { readonly connections?: number };
  assert.equal(counted, CONNECTIONS);
  assert.deepEqual(eventsOf(service, "worker_lost"), []);
  assert.ok(!workers.some(isRunning));
});

test("calls under way at the end have their answer, and every connection is told to go", async (t) => {
  const service = await startWorkers(t);
  const connections = await connectAll(t, { port: service.port });
  await service.stop();
  assert.ok(connections.every(({ isOpen }) => !isOpen()));
  const [stopped] = eventsOf(service, "stopped");
  assert.deepEqual([stopped?.["connections_cut_off"], stopped?.["calls_cut_off"]], [0, 0]);
});

test("a primary that is killed leaves no worker behind", async (t) => {
  const service = await startWorkers(t);
  const workers = service.workers();
  assert.equal(workers.length, WORKERS);
  await connectAll(t, { port: service.port });
  await service.kill();
  await waitFor("their end", () => (workers.some(isRunning) ? undefined : true));
});

test("workers answer on a Unix socket, which goes away at the end", async (t) => {
  const path = join(folder, "socket");
  const service = await startWithout(t, ["--socket", path]);
  assert.equal((await verdictsOf(await connectAll(t, { path }))).size, 1);
  await service.stop();
  assert.throws(() => readFileSync(path), { code: "ENOENT" });
});

/** `startServe` names a port; here another place is given. */
async function startWithout(t: TestContext, place: readonly string[]): Promise<Serving> {
  return startServe(t, GATEWAY, { args: ["--workers", String(WORKERS)], place });
}

test("workers answer over TLS", { skip: noPki() }, async (t) => {
  const issuer = pki.ca("ca");
  const { cert, key } = pki.issue("server", issuer);
  const service = await startWorkers(t, GATEWAY, { args: ["--tls-cert", cert, "--tls-key", key] });
  const ca = readFileSync(issuer.cert);
  assert.equal((await verdictsOf(await connectAll(t, { port: service.port, ca }))).size, 1);
});

test("a port that is taken is told as ever, and ends all of it", async (t) => {
  const { port } = await startServe(t, GATEWAY);
  const config = join(folder, "gateway.yaml");
  writeFileSync(config, GATEWAY);
  const args = ["serve", "--config", config, "--bind", "127.0.0.1", "--port", String(port), "--workers", "2"];
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args, "--health-port", "0"], {
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `port ${port} on 127.0.0.1 is taken; stop what uses it or choose another with --port\n`,
  );
});

/** So that the pipe is full nearly all the time. @returns the lines so far */
function readSlowly(pipe: string): () => readonly string[] {
  let text = "";
  const read = async (): Promise<void> => {
    for await (const part of createReadStream(pipe, { highWaterMark: PIPE_BUF, encoding: "latin1" })) {
      text += part;
      await sleep(1);
    }
  };
  void read();
  return () => text.split("\n").slice(0, -1);
}

test("lines of all processes come whole, however long they are and slow whoever reads them", async (t) => {
  const config = join(folder, "gateway.yaml");
  writeFileSync(config, GATEWAY);
  const [port, healthPort] = [await freePort(), await freePort()];
  // Sockets, as Node has them for pipes, keep together what is written at once; those of shells and containers don't.
  const pipe = join(folder, "pipe");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  const fd = openSync(pipe, "r+");
  const ports = ["--port", String(port), "--health-port", String(healthPort), "--drain-seconds", "0"];
  const args = [
    MAIN,
    "serve",
    "--config",
    config,
    "--bind",
    "127.0.0.1",
    ...ports,
    "--workers",
    String(CONNECTIONS),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", fd, "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await waitFor("the start", async () => (await metric(healthPort, "tenuo_ready")) || undefined, 60);

  const lines = readSlowly(pipe);
  const long = "x".repeat(20_000);
  const connections = await connectAll(t, { port });
  const rounds = 60;
  const asked = connections.map(async (connection) => {
    for (let i = 0; i < rounds; i++) {
      const headers = { "x-request-id": i % 2 === 0 ? long : "short" };
      await connection.check({ method: "GET", path: `/${long}`, host: long, headers });
    }
  });
  await Promise.all(asked);
  const denials = () =>
    lines()
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === "authorization_denied").length;
  await waitFor("all lines", async () => denials() >= CONNECTIONS * rounds || undefined);
  child.kill("SIGTERM");
  await once(child, "exit");
  closeSync(fd);
  assert.equal(denials(), CONNECTIONS * rounds);
  assert.ok(lines().some((line) => line.length > PIPE_BUF));
});
