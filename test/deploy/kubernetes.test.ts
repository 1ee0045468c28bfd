import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type KubeApi, noKubeApi, startKubeApi } from "../support/kube-api.ts";
import { commandsOf, type PageCommands } from "../support/page-commands.ts";
import { podOf, type RunningPod, runPod } from "../support/pod.ts";
import type { Pod } from "../support/pod-spec.ts";
import { python } from "../support/python.ts";
import { noLocalStack } from "../support/stack.ts";
import { waitFor } from "../support/wait.ts";

const execute = promisify(execFile);

// docs/kubernetes as a user goes through it: the commands of the page against a real Kubernetes API, and the pods that
// its controllers make as processes of this machine.

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = new URL("../../docs/kubernetes/README.md", import.meta.url);
const NAME = "app.kubernetes.io/name";
const GATEWAY = "http://tenuo-gateway.tenuo-system";
const CONTROL_PLANE = "https://control-plane.tenuo-control-plane.svc";

/** Of the authorizer. */
interface Status {
  readonly trusted_roots: number;
  readonly revocation_list: { readonly version: number } | null;
}

const skip = noKubeApi() || (await noLocalStack());

describe("docs/kubernetes", { skip, timeout: 300_000 }, () => {
  let api: KubeApi;
  let commands: PageCommands;
  let work: string;
  let path: string;
  let authorizer: RunningPod;
  let envoy: RunningPod;
  let addresses: Record<string, string> = {};
  const running: RunningPod[] = [];

  const startPod = async (namespace: string, label: string): Promise<RunningPod> => {
    const pod = await runPod(api, await podOf(api, namespace, label), addresses);
    running.push(pod);
    return pod;
  };
  /** What the pod of a Job prints until it ends. */
  const run = async (
    pod: Pod,
    code = 0,
    elsewhere: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    const job = await runPod(api, pod, { ...addresses, ...elsewhere });
    try {
      return await job.end(code);
    } finally {
      await job.stop();
    }
  };
  const job = (name: string): Promise<Pod> => podOf(api, "tenuo-agents", `${NAME}=${name}`);
  const shell = async (script: string): Promise<string> => {
    const env = { ...process.env, PATH: path };
    return (await execute("bash", ["-c", script], { cwd: work, env })).stdout.trim();
  };
  const mint = (holder: string): Promise<string> =>
    shell(`python3 docs/kubernetes/agent/mint.py root.pem ${holder}.pub.pem 300 'reports/*'`);
  const status = async (): Promise<Status> => {
    const response = await fetch(`http://127.0.0.1:${authorizer.port(9091)}/status`);
    return (await response.json()) as Status;
  };
  const startControlPlane = async (): Promise<void> => {
    const pod = await startPod("tenuo-control-plane", `${NAME}=control-plane`);
    addresses[CONTROL_PLANE] = `https://localhost:${pod.port(8443)}`;
  };

  before(async () => {
    work = mkdtempSync(join(tmpdir(), "tenuo-kubernetes-"));
    for (const folder of ["docs/kubernetes", "envoy"])
      cpSync(join(root, folder), join(work, folder), { recursive: true });
    api = await startKubeApi();
    path = `${dirname(await python())}${delimiter}${process.env["PATH"]}`;
    commands = commandsOf(page, work, { KUBECONFIG: api.kubeconfig, PATH: path });
    const { clusters } = JSON.parse(await api.kubectl(["config", "view", "--output", "json"]));
    addresses = { "https://kubernetes.default.svc": clusters[0].cluster.server };
  });
  after(async () => {
    await Promise.all(running.map((pod) => pod.stop()));
    await api?.stop();
    rmSync(work, { recursive: true, force: true });
  });

  it("the gateway denies calls without a warrant", async () => {
    await commands.next("The gateway");
    const upstream = await startPod("tenuo-system", `${NAME}=upstream`);
    authorizer = await startPod("tenuo-system", `${NAME}=tenuo-ext-authz`);
    addresses["upstream:8080"] = `127.0.0.1:${upstream.port(8080)}`;
    addresses["tenuo-ext-authz:9090"] = `127.0.0.1:${authorizer.port(9090)}`;
    envoy = await startPod("tenuo-system", `${NAME}=tenuo-gateway`);
    addresses[GATEWAY] = `http://127.0.0.1:${envoy.port(8080)}`;
    // 503 until Envoy's health check lets the service in.
    const answer = await waitFor("a verdict", async () => {
      const response = await fetch(`${addresses[GATEWAY]}/files/reports/may.csv`);
      return response.status === 503 ? undefined : response;
    });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("x-tenuo-deny-reason"), "missing_warrant");
  });

  it("environment variable", async () => {
    await commands.next("Environment variable");
    const pod = await job("batch");
    const told = await run(pod);
    assert.match(told, /^reports\/may\.csv: \/files\/reports\/may\.csv .*'x-tenuo-tool': 'read_file'/m);
    assert.match(told, /^reports\/june\.csv: \/files/m);
    assert.doesNotMatch(told, /x-tenuo-(?:warrant|pop)'/i);
    const denied = await run(withArguments(pod, ["batch.py", "salaries.csv"]), 1);
    assert.match(denied, /salaries\.csv: 403 constraint_violation/);
  });

  it("sidecar", async () => {
    await commands.next("Sidecar");
    const tool = await startPod("tenuo-tools", `${NAME}=tool`);
    const sidecar = { [GATEWAY]: `http://127.0.0.1:${tool.port(8080)}` };
    const pod = await job("batch");
    assert.match(
      await run(pod, 0, sidecar),
      /reports\/may\.csv: \/files\/reports\/may\.csv .*'x-tenuo-tool'/,
    );
    const denied = withArguments(pod, ["batch.py", "x"]);
    assert.match(await run(denied, 1, sidecar), /x: 403 constraint_violation/);
    await tool.program("tenuo-ext-authz").stop("SIGKILL");
    assert.match(await run(pod, 1, sidecar), /reports\/may\.csv: 503/);
  });

  it("request header", async () => {
    await commands.next("Request header");
    const agent = await startPod("tenuo-agents", `${NAME}=agent`);
    const warrant = await mint("agent");
    assert.deepEqual(await ask(agent, "reports/may.csv"), [401, "missing_warrant"]);
    assert.deepEqual(await ask(agent, "reports/may.csv", "rubbish"), [401, "invalid_warrant"]);
    assert.deepEqual(await ask(agent, "reports/may.csv", warrant), [200, undefined]);
    assert.deepEqual(await ask(agent, "salaries.csv", warrant), [403, "constraint_violation"]);
    assert.deepEqual(await ask(agent, "reports/may.csv", await mint("batch")), [401, "invalid_pop"]);
    // A length below zero would have it read for as long as somebody sends.
    for (const length of [-1, 65_537]) assert.match(await announce(agent, length), /^HTTP\/1\.0 413 /);
  });

  it("hybrid", async () => {
    await commands.next("Hybrid");
    const agent = await startPod("tenuo-agents", `${NAME}=hybrid-agent`);
    assert.deepEqual(await ask(agent, "reports/public/may.csv"), [200, undefined]);
    assert.deepEqual(await ask(agent, "reports/may.csv"), [403, "constraint_violation"]);
    assert.deepEqual(await ask(agent, "reports/may.csv", await mint("hybrid")), [200, undefined]);
    assert.deepEqual(await ask(agent, "reports/public/may.csv", "rubbish"), [401, "invalid_warrant"]);
  });

  it("control plane", async () => {
    await commands.next("Control plane");
    await startControlPlane();
    assert.match(await run(await job("tasks")), /reports\/may\.csv: \/files.*\nreports\/june\.csv: \/files/);
  });

  it("the control plane mints for nobody else, and no more than its policy", async (t) => {
    const url = new URL("/v1/warrants", addresses[CONTROL_PLANE]);
    const token = (account: string, audience: string, ...more: readonly string[]) =>
      api.kubectl(["create", "token", account, "--namespace=tenuo-agents", "--audience", audience, ...more]);
    const holder = await shell(
      "openssl pkey -in agent.pem -pubout -outform DER | tail -c 32 | od -An -v -tx1",
    );
    const good = {
      holder: holder.replace(/\s/g, ""),
      ttl_seconds: 60,
      tools: { read_file: { path: "reports/may.csv" } },
    };
    const asked = (bearer: string, wanted: object = good): Promise<string> => {
      writeFileSync(join(work, "wanted.json"), JSON.stringify(wanted));
      writeFileSync(join(work, "header"), `authorization: Bearer ${bearer.trim()}`);
      const call = "curl --silent --max-time 5 --cacert tls.crt --output answer --write-out '%{http_code}'";
      return shell(`${call} --header @header --data @wanted.json ${url}`);
    };
    const tasks = await token("tasks", "tenuo-control-plane");
    sayNothing(t, Number(url.port));
    assert.equal(await asked(tasks), "200");
    assert.equal(await asked("rubbish"), "401");
    assert.equal(await asked(""), "401");
    assert.equal(await asked(await token("tasks", "https://kubernetes.default.svc")), "401");
    assert.equal(await asked(await token("batch", "tenuo-control-plane")), "403");
    const pod = (await podOf(api, "tenuo-agents", `${NAME}=agent`)).metadata.name;
    const bound = await token(
      "agent",
      "tenuo-control-plane",
      "--bound-object-kind=Pod",
      `--bound-object-name=${pod}`,
    );
    assert.equal(await asked(bound), "403");
    await api.kubectl(["delete", "pod", pod, "--namespace", "tenuo-agents"]);
    // The API keeps what it knows of a token for some seconds.
    await waitFor("a token to end with its pod", async () => (await asked(bound)) === "401" || undefined, 30);
    const beyond = {
      "another path": { ...good, tools: { read_file: { path: "salaries.csv" } } },
      "a wider pattern": { ...good, tools: { read_file: { path: "*" } } },
      "no constraint": { ...good, tools: { read_file: {} } },
      "another tool": { ...good, tools: { delete_file: { path: "reports/may.csv" } } },
      "no tool": { ...good, tools: {} },
      "a longer time": { ...good, ttl_seconds: 301 },
      "no time": { ...good, ttl_seconds: 0 },
    };
    for (const [what, wanted] of Object.entries(beyond))
      assert.equal(await asked(tasks, wanted), "403", what);
    const unreadable = [
      ...[{}, [], { ...good, holder: "00" }, { ...good, holder: 1 }],
      ...[
        { ...good, tools: ["read_file"] },
        { ...good, ttl_seconds: "x" },
      ],
      { ...good, tools: { read_file: { path: 1 } } },
    ];
    for (const wanted of unreadable) assert.equal(await asked(tasks, wanted), "400", JSON.stringify(wanted));
  });

  it("init container", async () => {
    await commands.next("Init container");
    const pod = await job("report");
    assert.match(await run(pod), /reports\/may\.csv: \/files/);
    assert.match(await run(withArguments(pod, ["batch.py", "x"]), 1), /x: 403 constraint_violation/);
  });

  it("delegation between pods", async () => {
    await commands.next("Delegation between pods");
    const worker = await startPod("tenuo-workers", "app.kubernetes.io/component=worker-service");
    addresses["http://worker.tenuo-workers:8080"] = `http://127.0.0.1:${worker.port(8080)}`;
    const jobNamed = (namespace: string, name: string) =>
      podOf(api, namespace, `batch.kubernetes.io/job-name=${name}`);
    const byHeader = await run(await jobNamed("tenuo-agents", "delegate-by-header"));
    assert.match(byHeader, /reports\/batch-123\/may\.csv .*'x-tenuo-chain-depth': '1'/);

    const name = (await run(await jobNamed("tenuo-agents", "delegate-by-job"))).trim();
    const pod = await jobNamed("tenuo-workers", name);
    assert.match(await run(pod), /reports\/batch-123\/may\.csv: \/files.*'x-tenuo-chain-depth': '1'/);
    const another = withArguments(pod, ["batch.py", "reports/batch-9/may.csv"]);
    assert.match(await run(another, 1), /403 constraint_violation/);

    const may = (verb: string, what: string): Promise<string> => {
      const as = "--as=system:serviceaccount:tenuo-agents:orchestrator";
      return api.kubectl(["auth", "can-i", verb, what, "--namespace=tenuo-workers", as]).then(
        () => "yes",
        () => "no",
      );
    };
    assert.equal(await may("create", "jobs"), "yes");
    for (const what of ["secrets", "jobs", "pods"]) assert.equal(await may("get", what), "no", what);
  });

  it("key rotation, without a restart of the authorizer", async () => {
    const roots = async (count: number): Promise<void> => {
      await authorizer.sync();
      await waitFor(`${count} roots`, async () => (await status()).trusted_roots === count || undefined);
    };
    const [batch, tasks] = [await job("batch"), await job("tasks")];
    await commands.next("Key rotation");
    await roots(2);
    await commands.next("Key rotation");
    await startControlPlane();
    await run(batch);
    await run(tasks);
    await commands.next("Key rotation");
    await roots(1);
    assert.match(await run(batch, 1), /401 untrusted_root/);
    await run(tasks);
  });

  it("revocation by ConfigMap", async () => {
    const list = async (version: number): Promise<void> => {
      await authorizer.sync();
      const inForce = async () => (await status()).revocation_list?.version === version || undefined;
      await waitFor(`list ${version}`, inForce);
    };
    const agent = await startPod("tenuo-agents", `${NAME}=agent`);
    const [stolen, other] = [await mint("agent"), await mint("agent")];
    await commands.next("Revocation");
    await list(1);
    const log = (): string => authorizer.program("tenuo-ext-authz").output();
    const allows = (): number => log().match(/authorization_success/g)?.length ?? 0;
    const before = allows();
    assert.deepEqual(await ask(agent, "reports/may.csv", stolen), [200, undefined]);
    await waitFor("its line", () => allows() > before || undefined);
    const id = log()
      .match(/tnu_wrt_\w+/g)
      ?.at(-1);
    await commands.next("Revocation", { WARRANT_ID: id });
    await list(2);
    assert.deepEqual(await ask(agent, "reports/may.csv", stolen), [401, "warrant_revoked"]);
    assert.deepEqual(await ask(agent, "reports/may.csv", other), [200, undefined]);
    assert.match(await commands.next("Revocation"), /annotated/);
  });

  it("the commands of troubleshooting find what was denied", async () => {
    writeFileSync(join(work, "log"), authorizer.program("tenuo-ext-authz").output());
    const shim = "kubectl() { cat log; }";
    const [denied, ofTool, counted] = [
      await commands.next("Troubleshooting", {}, shim),
      await commands.next("Troubleshooting", {}, shim),
      await commands.next("Troubleshooting", {}, shim),
    ];
    assert.match(denied, /"reason": "constraint_violation"/);
    assert.match(ofTool, /"tool": "read_file"/);
    assert.match(counted, /^ *\d+ constraint_violation$/m);
  });

  it("Envoy tells its connections to go before it ends", async (t) => {
    const drain = envoy.preStop("envoy");
    t.after(() => drain.stop("SIGKILL"));
    await waitFor("the admin's answer", () => drain.output().includes("200 OK") || undefined);
    await waitFor("`connection: close`", () => endsConnection(envoy.port(8080)));
  });

  it("every namespace enforces `restricted`, and lets the pods of every workload in", async () => {
    const all = async (kind: string) =>
      JSON.parse(await api.kubectl(["get", kind, "--all-namespaces", "--output", "json"])).items;
    const ours = (await all("namespaces")).filter(({ metadata }: Pod) => metadata.name.startsWith("tenuo-"));
    assert.equal(ours.length, 5);
    for (const { metadata } of ours)
      assert.equal(metadata.labels["pod-security.kubernetes.io/enforce"], "restricted", metadata.name);
    const [deployments, jobs] = [await all("deployments"), await all("jobs")];
    assert.ok(deployments.length >= 7 && jobs.length >= 6);
    for (const { metadata, spec, status: made } of deployments) {
      assert.ok(made.updatedReplicas >= 1, metadata.name);
      const failure = made.conditions.find(({ type }: { type: string }) => type === "ReplicaFailure");
      assert.equal(failure, undefined, `${metadata.name}: ${failure?.message}`);
      assert.ok(made.replicas >= spec.replicas, metadata.name);
    }
    for (const { metadata, status: made } of jobs) assert.equal(made.active, 1, metadata.name);
    for (const { metadata, spec } of await all("pods"))
      assert.equal(spec.automountServiceAccountToken, false, metadata.name);
  });

  it("nobody reaches an agent or a worker whom its policy doesn't name", async () => {
    for (const namespace of ["tenuo-agents", "tenuo-workers"]) {
      const get = ["get", "networkpolicies", "--namespace", namespace, "--output", "json"];
      const { items } = JSON.parse(await api.kubectl(get));
      assert.ok(items.length > 0);
      for (const { metadata, spec } of items) {
        assert.deepEqual(spec.policyTypes, ["Ingress", "Egress"], metadata.name);
        for (const { from = [] } of spec.ingress ?? []) assert.ok(from.length > 0, metadata.name);
      }
    }
  });

  it("no command of the page is left out but those that build images or take nodes", () => {
    assert.deepEqual(commands.left(), ["Before you begin", "Troubleshooting"]);
  });
});

function withArguments(pod: Pod, args: readonly string[]): Pod {
  const containers = pod.spec.containers.map((container) => ({ ...container, args }));
  return { ...pod, spec: { ...pod.spec, containers } };
}

/** Sends an agent a task. @returns the status, and the reason of a denial */
async function ask(
  agent: RunningPod,
  path: string,
  warrant?: string,
): Promise<readonly [number, string | undefined]> {
  const response = await fetch(`http://127.0.0.1:${agent.port(8080)}/tasks`, {
    method: "POST",
    headers: warrant === undefined ? {} : { "x-tenuo-warrant": warrant },
    body: JSON.stringify({ path }),
  });
  const { reason } = (await response.json()) as { readonly reason?: string };
  return [response.status, reason];
}

/** What an agent answers to a task of that many bytes, of which none arrives. */
async function announce(agent: RunningPod, length: number): Promise<string> {
  const socket = connect(agent.port(8080), "127.0.0.1");
  socket.setTimeout(5000, () => socket.destroy(new Error("no answer")));
  socket.write(`POST /tasks HTTP/1.1\r\nhost: agent\r\ncontent-length: ${length}\r\n\r\n`);
  try {
    return await text(socket);
  } finally {
    socket.destroy();
  }
}

/** A client that connects, and no more. */
function sayNothing(t: TestContext, port: number): void {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
}

/** Whether an answer says that its connection is the last of it. */
function endsConnection(port: number): Promise<true | undefined> {
  const options = {
    host: "127.0.0.1",
    port,
    path: "/",
    agent: false,
    headers: { connection: "keep-alive" },
  } as const;
  return new Promise((resolve, reject) => {
    get(options, (response) => {
      response.resume();
      resolve(response.headers.connection === "close" || undefined);
    }).on("error", reject);
  });
}
