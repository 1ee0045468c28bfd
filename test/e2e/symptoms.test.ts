import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { isScalar, parseDocument, visit } from "yaml";
import { findEntry } from "../support/access-log.ts";
import { credentials, type HeaderLines, type Request, send, sendHttp2 } from "../support/client.ts";
import { exampleEnvoyYaml } from "../support/envoy-yaml.ts";
import { ownIssuer } from "../support/own.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

// What docs/troubleshooting.md says of Envoy's access log is what the real Envoy writes.

/** The strip of a warrant header of one's own is a change that envoy/gateway.yaml doesn't let us make. */
const gatewayYaml = `
version: "2"
settings: { warrant_header: X-My-Warrant, strip_credentials: true }
tools:
  read_file: { constraints: { name: { from: path, path: name } } }
  drop_file: {}
routes:
  - { pattern: "/files/{name}", tool: read_file }
  - { pattern: /drop, tool: drop_file }
`;

const root = newKey();
const agent = newKey();
const call = { tool: "read_file", args: { name: "a" } };
const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read_file: {} }, ttl: 600 });
const JSON_TYPE = ["content-type", "application/json"] as const;

/** Envoy's example, less patient, for one host alone, and with its own status for an outage. */
function impatientEnvoyYaml(): string {
  const document = parseDocument(exampleEnvoyYaml);
  visit(document, {
    Pair(_, pair) {
      const key = isScalar(pair.key) ? pair.key.value : undefined;
      if (key === "request_timeout") pair.value = document.createNode("1s");
      if (key === "domains") pair.value = document.createNode(["gateway.test"]);
      if (key === "status_on_error") return visit.REMOVE;
      return;
    },
  });
  return document.toString();
}

let stack: Stack;
const skip = await noStack();

before(async () => {
  if (skip) return;
  stack = await startStack({
    trustedKeys: [root.publicKey.hex],
    gatewayYaml,
    envoyYaml: impatientEnvoyYaml(),
  });
});
after(() => stack?.stop());

async function authority(): Promise<HeaderLines> {
  const proof = await ownIssuer.proof(warrant, agent, call);
  return credentials(warrant, proof).map(([name, value]) => [
    name === "x-tenuo-warrant" ? "x-my-warrant" : name,
    value,
  ]);
}

/** Sends the beginning of a request, and waits that long before it goes away. */
function sendPart(text: string, milliseconds: number): Promise<void> {
  const { host, port } = stack.gateway();
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(text));
    socket.on("error", reject);
    socket.resume();
    setTimeout(() => resolve(void socket.destroy()), milliseconds);
  });
}

const BEGUN = "POST /files/a HTTP/1.1\r\nhost: gateway.test\r\ncontent-type: application/json\r\n";
const asks = (request: Request) => async () => void (await send(stack.gateway(), request));

type Row = readonly [status: number, flags: string, details: string];

const SYMPTOMS: readonly (readonly [what: string, provoke: () => Promise<void>, row: Row])[] = [
  ["a denial", asks({ target: "/files/a" }), [401, "UAEX", "ext_authz_denied"]],
  [
    "a change that Envoy doesn't allow",
    async () => asks({ target: "/files/a", headers: await authority() })(),
    [500, "UAEX", "ext_authz_invalid"],
  ],
  [
    "an upgrade",
    asks({
      target: "/files/a",
      headers: [
        ["connection", "Upgrade"],
        ["upgrade", "websocket"],
      ],
    }),
    [403, "-", "upgrade_failed"],
  ],
  ["an escaped slash", asks({ target: "/files/a%2fb" }), [400, "-", "path_normalization_failed"]],
  [
    "a name with an underscore",
    asks({ target: "/files/a", headers: [["x_a", "1"]] }),
    [400, "DPE", "http1.unexpected_underscore"],
  ],
  ["garbage", () => sendPart("GARBAGE\r\n\r\n", 300), [400, "DPE", "http1.codec_error"]],
  [
    "a large body",
    asks({ method: "POST", target: "/files/a", headers: [JSON_TYPE], body: "x".repeat(70_000) }),
    [413, "-", "request_payload_too_large"],
  ],
  [
    "large headers",
    asks({ target: "/files/a", headers: [["x-large", "x".repeat(70_000)]] }),
    [431, "DPE", "http1.headers_too_large"],
  ],
  [
    "a body that never ends",
    () => sendPart(`${BEGUN}content-length: 100\r\n\r\n{`, 1_500),
    [408, "-", "request_overall_timeout"],
  ],
  [
    "a client that goes away",
    () => sendPart(`${BEGUN}content-length: 100\r\n\r\n{`, 300),
    [0, "DC", "downstream_remote_disconnect"],
  ],
  ["a host without a route", asks({ target: "http://other.test/files/a" }), [404, "NR", "route_not_found"]],
];

const page = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");

describe("Envoy's access log shows", { skip }, () => {
  for (const [what, provoke, row] of SYMPTOMS) {
    it(`${what}, as the page has it`, async () => {
      await provoke();
      await assertLogged(row);
    });
  }

  it("an outage, with 403 unless `status_on_error` says otherwise", async () => {
    await stack.killService();
    try {
      // The first may end by the impatience above, while Envoy still looks for an instance that answers.
      await waitFor("a request that isn't timed out", async () =>
        (await send(stack.gateway(), { target: "/files/a" })).status === 403 ? true : undefined,
      );
      await assertLogged([403, "UAEX", "ext_authz_error"]);
    } finally {
      await stack.startService();
    }
  });
});

describe("a client of gRPC sees", { skip }, () => {
  const cases = [
    ["no warrant", "/files/a", [], "16"],
    ["a tool not in the warrant", "/drop", ["x-my-warrant", "x-tenuo-pop"], "7"],
    ["no route", "/none", [], "12"],
    ["an ambiguous path", "/files/a;b", [], "13"],
  ] as const;
  for (const [what, target, sent, status] of cases) {
    it(`${what} as status ${status}`, async () => {
      const own = (await authority()).filter(([name]) => (sent as readonly string[]).includes(name));
      const headers: HeaderLines = [...own, ["content-type", "application/grpc"], ["te", "trailers"]];
      const answer = await sendHttp2(stack.gateway(), { method: "POST", target, headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["grpc-status"], status);
      assert.ok(answer.headers["x-tenuo-deny-reason"]);
      assert.match(page, new RegExp(`\\b${status} \`[A-Z_]+\``), "told on the page");
    });
  }
});

async function assertLogged([status, flags, details]: Row): Promise<void> {
  const entry = await findEntry(stack, details, (each) => each.details === details);
  assert.deepEqual([entry.status, entry.flags], [status, flags]);
  const row = page.split("\n").find((line) => line.includes(`| \`${flags}\` | \`${details}\` |`));
  assert.ok(row, `docs/troubleshooting.md has no row for ${flags} ${details}`);
  assert.ok(/^\| (?:as the reason|503)/.test(row) || row.startsWith(`| ${status} `), row);
}
