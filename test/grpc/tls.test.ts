import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect as connectHttp2, constants } from "node:http2";
import { get } from "node:https";
import { connect as connectTcp } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { CHECK_PATH } from "../../src/server/grpc/grpc-server.ts";
import { type Answerer, overGrpc } from "../support/asking.ts";
import { freePort } from "../support/free-port.ts";
import { metric } from "../support/metric.ts";
import { createPki, type Issued, noPki } from "../support/pki.ts";
import { type Serving, startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const GATEWAY = `
version: "2"
settings: {trusted_roots: ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]}
tools: {t: {}}
routes: [{pattern: /t, tool: t}]
`;
const CALL = { ":method": "POST", ":path": CHECK_PATH, "content-type": "application/grpc" };
/** A whole gRPC message. */
const EMPTY_CHECK = Buffer.alloc(5);
const skip = noPki();
const pki = createPki();
after(pki.remove);

const made = skip ? undefined : makeCertificates();
const certificates = made as NonNullable<typeof made>;

function makeCertificates() {
  const [ca, other] = [pki.ca("ca"), pki.ca("other")];
  const below = pki.ca("below", ca);
  const forClients = { extensions: ["extendedKeyUsage=clientAuth"] };
  const server = pki.issue("server", ca, { extensions: ["extendedKeyUsage=serverAuth"] });
  return {
    ...{ ca, other, server },
    client: pki.issue("client", ca, forClients),
    plainClient: pki.issue("plain-client", ca),
    indirect: withIssuer(pki.issue("indirect", below, forClients), below),
    stranger: pki.issue("stranger", other, forClients),
    expired: pki.issue("expired", ca, { ...forClients, days: -1 }),
    selfSigned: pki.ca("self-signed"),
  };
}

function withIssuer({ cert, key }: Issued, issuer: Issued): Issued {
  return { cert: pki.write("chain.pem", read(cert) + read(issuer.cert)), key };
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}

function flags(server: Issued, clientCa?: string): readonly string[] {
  const ca = clientCa === undefined ? [] : ["--tls-client-ca", clientCa];
  return ["--tls-cert", server.cert, "--tls-key", server.key, ...ca];
}

function shown(client: Issued | undefined): ConnectionOptions {
  const own = client && { cert: read(client.cert), key: read(client.key) };
  return { ca: read(certificates.ca.cert), ALPNProtocols: ["http/1.1"], ...own };
}

/** Asks for a page. @returns its status, or undefined where the connection ends without an answer */
function ask(
  { port }: Serving,
  options: ConnectionOptions,
  connected: (socket: TLSSocket) => void = () => {},
) {
  return new Promise<string | undefined>((resolve) => {
    let answer = "";
    const socket = connect({ port, host: "127.0.0.1", ...options }, () => {
      connected(socket);
      socket.write("GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    });
    socket.on("data", (text) => {
      answer += text;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]));
  });
}

const failures = (service: Serving) =>
  service
    .lines()
    .filter(({ event }) => event === "tls_handshake_failed")
    .map(({ reason }) => String(reason));

test("whoever shows a certificate of the client CA is served, nobody else is, and the log says why", {
  skip,
}, async (t) => {
  const { ca, server, client, plainClient, indirect, stranger, expired, selfSigned } = certificates;
  const service = await startServe(t, GATEWAY, { args: flags(server, ca.cert) });
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const good of [client, plainClient, indirect])
      assert.equal(await ask(service, { ...shown(good), maxVersion }), "200", `${maxVersion} ${good.cert}`);
    for (const bad of [undefined, stranger, expired, selfSigned, server])
      assert.equal(
        await ask(service, { ...shown(bad), maxVersion }),
        undefined,
        `${maxVersion} ${bad?.cert}`,
      );
  }
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  assert.equal(await ask(service, { ...shown(client), ...old }), undefined);
  assert.equal(await ask(service, { ...shown(client), ALPNProtocols: ["spdy/3"] }), undefined);
  assert.equal(await ask(service, { ...shown(client), ca: read(certificates.other.cert) }), undefined);

  const expected = [
    "the client shows no certificate",
    "the client's certificate wasn't issued by a CA of `--tls-client-ca`",
    "the client's certificate has expired",
    "the client's certificate isn't meant for clients (extendedKeyUsage)",
    "the client offers neither TLS 1.2 nor 1.3",
    "the client offers neither h2 nor http/1.1 (ALPN)",
  ];
  await waitFor("the reasons", () => expected.every((each) => failures(service).includes(each)) || undefined);
  assert.deepEqual([...failures(service)].sort(), [...expected].sort(), "each of them once");
  const lines = service.lines().filter(({ event }) => event === "tls_handshake_failed");
  assert.deepEqual([...new Set(lines.map((line) => line["client"]))], ["127.0.0.1"]);
});

test("plaintext and garbage on a port with TLS get nothing, and cost one line of the log", {
  skip,
}, async (t) => {
  const service = await startServe(t, GATEWAY, { args: flags(certificates.server) });
  const starts = ["GET /health HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0".repeat(300)];
  for (let i = 0; i < 90; i++) {
    const answer = await new Promise<string>((resolve) => {
      let received = "";
      const socket = connectTcp(service.port, "127.0.0.1", () => socket.write(starts[i % 3] ?? ""));
      socket.on("data", (bytes) => {
        received += bytes.toString("latin1");
      });
      socket.on("error", () => {}).on("close", () => resolve(received));
    });
    // At most an alert.
    assert.ok(answer.length <= 7, answer);
  }
  assert.equal(await ask(service, shown(undefined)), "200", "without a client CA everybody is served");
  await waitFor("a line of the log", () => failures(service).length > 0 || undefined);
  assert.deepEqual(failures(service), ["the client speaks plaintext, and this port is for TLS"]);
});

test("no session is resumed, so each connection shows its certificate anew", { skip }, async (t) => {
  const { ca, server, client } = certificates;
  const service = await startServe(t, GATEWAY, { args: flags(server, ca.cert) });
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const sessions: Buffer[] = [];
    const first = connect({ port: service.port, host: "127.0.0.1", ...shown(client), maxVersion });
    first.on("session", (session) => sessions.push(session));
    first.write("GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    await new Promise((resolve) => first.resume().on("close", resolve));
    const session = sessions.at(-1) ?? first.getSession();
    let isReused: boolean | undefined;
    const options = { ...shown(client), maxVersion, ...(session && { session }) };
    const answer = await ask(service, options, (socket) => {
      isReused = socket.isSessionReused();
    });
    assert.deepEqual([answer, isReused], ["200", false], maxVersion);
  }
});

test("the pages of the port of the checks are there by HTTPS, and /status tells when the certificate ends", {
  skip,
}, async (t) => {
  const { ca, server, client } = certificates;
  const service = await startServe(t, GATEWAY, { args: flags(server, ca.cert) });
  const options = { ca: read(ca.cert), cert: read(client.cert), key: read(client.key) };
  const body = await new Promise<string>((resolve, reject) => {
    get(`https://127.0.0.1:${service.port}/status`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
  const { not_after, client_certificates } = JSON.parse(body).tls;
  assert.equal(client_certificates, true);
  const days = (Date.parse(not_after) - Date.now()) / 86_400_000;
  assert.ok(days > 29 && days <= 30, not_after);
});

test("connections that are told to go amid their calls lose none, over TLS too", { skip }, async (t) => {
  const { ca, server, client } = certificates;
  const args = [...flags(server, ca.cert), "--max-connection-age", "1"];
  const service = await startServe(t, GATEWAY, { args });
  const until = performance.now() + 4_000;
  let answered = 0;
  let connections = 0;
  const work = async (): Promise<void> => {
    const { ALPNProtocols: _, ...options } = shown(client);
    const open = () => {
      connections++;
      const opened = connectHttp2(`https://127.0.0.1:${service.port}`, options as object);
      opened.on("error", () => {});
      let isLeaving = false;
      opened.on("goaway", () => {
        isLeaving = true;
      });
      return { opened, isLeaving: () => isLeaving };
    };
    let session = open();
    const call = async (): Promise<void> => {
      while (performance.now() < until) {
        if (session.isLeaving()) session = open();
        const { opened } = session;
        await new Promise<void>((resolve, reject) => {
          const stream = opened.request(CALL);
          let isAnswered = false;
          stream.on("data", () => {
            isAnswered = true;
          });
          stream.on("error", () => {});
          stream.on("close", () => {
            // One that the client holds back itself, having been told to go: it asks elsewhere.
            const isHeldBack = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM && session.isLeaving();
            if (isAnswered) answered++;
            if (isAnswered || isHeldBack) resolve();
            else reject(new Error(`no answer, but code ${stream.rstCode}`));
          });
          stream.end(EMPTY_CHECK);
        });
      }
    };
    await Promise.all(Array.from({ length: 20 }, call));
    session.opened.close();
  };
  await Promise.all([work(), work()]);
  t.diagnostic(`${answered} calls over ${connections} connections`);
  assert.ok(connections >= 6);
});

test("one call after another waits no longer over TLS than its work takes", { skip }, async (t) => {
  const { ca, server } = certificates;
  const [plain, secured] = [
    await startServe(t, GATEWAY),
    await startServe(t, GATEWAY, { args: flags(server) }),
  ];
  const CALLS = 50;
  const timed = async (answerer: Answerer): Promise<number> => {
    await answerer.ask("/t", {});
    const begin = performance.now();
    for (let i = 0; i < CALLS; i++) assert.equal(await answerer.ask("/t", {}), "missing_warrant");
    answerer.close();
    return performance.now() - begin;
  };
  const least = async (open: () => Answerer) =>
    Math.min(await timed(open()), await timed(open()), await timed(open()));
  const ratio =
    (await least(() => overGrpc(secured.port, readFileSync(ca.cert)))) /
    (await least(() => overGrpc(plain.port)));
  t.diagnostic(`${ratio.toFixed(1)} times as long as without TLS`);
  // Where small packets are held back each takes 40 ms, which is some 30 times.
  assert.ok(ratio < 10);
});

test("handshakes that don't go on are ended, and connections cut off amid TLS leave nothing behind", {
  skip,
}, async (t) => {
  const { ca, server, client } = certificates;
  const healthPort = await freePort();
  const env = { TENUO_HEALTH_PORT: String(healthPort) };
  const service = await startServe(t, GATEWAY, { args: flags(server, ca.cert), env });
  const silent = ["", "\x16\x03"].map((start) => {
    const socket = connectTcp(service.port, "127.0.0.1", () => socket.write(start));
    t.after(() => socket.destroy());
    return new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));
  });
  const { ALPNProtocols: _, ...options } = shown(client);
  const cutOff = async (_none: unknown, i: number): Promise<void> => {
    const plain = connectTcp(service.port, "127.0.0.1");
    plain.on("error", () => {});
    const session = connectHttp2("https://127.0.0.1", {
      createConnection: () => connect({ socket: plain, ...options, ALPNProtocols: ["h2"] }),
    });
    session.on("error", () => {});
    for (let n = 0; n < 20; n++)
      session
        .request(CALL)
        .on("error", () => {})
        .resume()
        .end(EMPTY_CHECK);
    await sleep(i % 40);
    plain.resetAndDestroy();
    session.destroy();
  };
  for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 40 }, cutOff));
  await Promise.all(silent);
  assert.equal(await ask(service, shown(client)), "200");
  await waitFor("all connections to be gone", async () =>
    (await metric(healthPort, "tenuo_connections")) === 0 ? true : undefined,
  );
});
