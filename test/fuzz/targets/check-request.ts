import assert from "node:assert/strict";
import { isRefusal } from "../../../src/gateway/refusal.ts";
import type { HttpRequest } from "../../../src/gateway/request.ts";
import { createCheckService } from "../../../src/server/check/check.ts";
import { readCheckRequest } from "../../../src/server/check/check-request.ts";
import type { WorkQueue } from "../../../src/server/check/work-queue.ts";
import type { Log } from "../../../src/server/log/log.ts";
import { finish } from "../../../src/steps.ts";
import { requestHash } from "../../../src/warrant/approval/request-hash.ts";
import { encodeHeader } from "../../../src/warrant/header.ts";
import { leafOf } from "../../../src/warrant/warrant.ts";
import { approvalPayload, approvalsHeader, envelope } from "../../support/approvals.ts";
import { decodeResponse } from "../../support/check-request.ts";
import { snapshotOf } from "../../support/service.ts";
import { APPROVERS, CHAINS, type Chain, keyOf, NOW, PAY, READ } from "../fixture.ts";
import { words } from "../mutate.ts";
import {
  type Field,
  field,
  messageOf,
  mutateProtobuf,
  numberOf,
  readFields,
  writeFields,
} from "../mutate-protobuf.ts";
import { outcome, settle, type Target } from "../target.ts";

const snapshot = await snapshotOf(`version: "2"
settings: {trusted_roots: ["${keyOf(0).publicKey.hex}"], debug_mode: true}
tools:
  read: {constraints: {path: {from: query, path: path}, size: {from: path, path: size, type: integer}}}
  pay: {constraints: {to: {from: body, path: to}}}
routes:
  - {pattern: "/read/{size}", method: [GET, POST], tool: read}
  - {pattern: "/pay", method: POST, tool: pay}
`);

const [chain] = CHAINS as readonly [Chain, ...Chain[]];
const hash = finish(requestHash(leafOf(chain.stack), PAY.tool, PAY.args));
const quorum = approvalsHeader(
  APPROVERS.slice(0, 2).map((key) => envelope(key, approvalPayload({ requestHash: hash, approvedAt: NOW }))),
);
const WARRANT = encodeHeader(chain.bytes);

/** One request in the two forms in which Envoy sends headers and body. */
function seedOf(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  raw: boolean,
): Uint8Array {
  const all = Object.entries({ ":path": path, ":method": method, ":authority": "api", ...headers });
  const map = all.map(([key, value]) => field(1, [field(1, key), field(3, value)]));
  const plain = all.map(([key, value]) => field(3, [field(1, key), field(2, value)]));
  const http = [
    field(1, "7"),
    field(2, method),
    ...(raw ? [field(13, map)] : plain),
    field(4, path),
    field(5, "api"),
    field(6, "https"),
    field(10, "HTTP/2"),
  ];
  const sent = body === "" ? [] : [field(raw ? 12 : 11, body)];
  const source = field(1, [field(1, [field(1, [field(2, "10.0.0.1")])])]);
  return writeFields([field(1, [source, field(4, [field(2, [...http, ...sent])])])]);
}

const read = {
  "x-tenuo-warrant": WARRANT,
  "x-tenuo-pop": chain.proof(READ),
  "x-request-id": "r",
  traceparent: `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`,
};
const pay = {
  "x-tenuo-warrant": WARRANT,
  "x-tenuo-pop": chain.proof(PAY),
  "x-tenuo-approvals": quorum,
  "content-type": "application/json",
  "content-length": "10",
};
const WORDS = [
  ...words(
    ":path :method :authority x-tenuo-warrant x-tenuo-pop x-tenuo-approvals X-Tenuo-PoP x_tenuo_tool x-tenuo-tool content-type connection upgrade host",
  ),
  ...[
    "/read/7?path=/data/a",
    "/read/7?path=x&path=/data/a",
    "/read/7?path=%2Fdata%2Fa",
    "GET",
    "POST",
    "HEAD",
    "CONNECT",
    '{"to":"a"}',
    '{"to":"b","to":"a"}',
    "close, x-tenuo-pop",
    "!",
    ",",
    "\xff",
    "__proto__",
  ],
  ...[
    "content-encoding",
    "gzip",
    "transfer-encoding",
    "chunked",
    "x-envoy-auth-partial-body",
    "true",
    "x-http-method-override",
    "HTTP/1.1",
  ],
];

/** Bytes of a CheckRequest, to the bytes of the answer. */
export const checkRequest: Target = {
  name: "check-request",
  maxBytes: 262_144,
  seeds: () =>
    [true, false].flatMap((raw) => [
      seedOf("GET", "/read/7?path=/data/a", read, "", raw),
      seedOf("POST", "/pay", pay, '{"to":"a"}', raw),
      seedOf("GET", "/none", {}, "", raw),
    ]),
  mutate: (input, random, other) => mutateProtobuf(input, random, other, WORDS),
  run: (input) => {
    const bytes = Buffer.from(input);
    const encoded: Buffer[] = [];
    const arrival = {
      message: bytes,
      receivedAt: performance.now(),
      answerBy: Infinity,
      isCancelled: () => false,
    };
    service.check(arrival, (answer) => encoded.push(answer));
    return outcome(encoded.map(detailOf).join(), () => {
      assert.deepEqual(faults.splice(0), [], "a fault of ours");
      assert.equal(encoded.length, 1, "not answered once");
      const [answer = Buffer.alloc(0)] = encoded;
      if (isAllow(answer)) assertIsWhatWasSigned(bytes);
    });
  },
};

/** What a refusal tells; a path without a route is in its detail, and each is another. */
function detailOf(answer: Buffer): string {
  const { deniedResponse } = decodeResponse(answer);
  if (deniedResponse == null) return "allowed";
  const { reason, detail } = JSON.parse(deniedResponse.body ?? "") as Record<"reason" | "detail", string>;
  return reason === "no_route" ? reason : detail;
}

const faults: unknown[] = [];
const fault: Log["fault"] = (_message, error) => faults.push(error);
/** Does all work at once. */
const queue: WorkQueue = {
  offer: ({ steps }) => {
    settle(steps);
    return true;
  },
  length: () => 0,
};
const service = createCheckService(
  { snapshot: () => snapshot, now: () => NOW, tell: () => {}, fault },
  queue,
);

/** What Envoy makes of the answer, read from its bytes; anything but a whole allow or a whole denial is a finding. */
function isAllow(bytes: Uint8Array): boolean {
  const fields: readonly Field[] = readFields(bytes) ?? [];
  const status = messageOf(fields, 1) ?? [];
  const [denied, ok] = [messageOf(fields, 2), messageOf(fields, 3)];
  assert.ok((denied === undefined) !== (ok === undefined), "neither an allow nor a denial");
  assert.equal(numberOf(status, 1) === 0, ok !== undefined, "the code contradicts the answer");
  if (denied !== undefined)
    assert.ok(numberOf(messageOf(denied, 1) ?? [], 1) >= 400, "a denial without a status");
  return ok !== undefined;
}

/** Of an allowed request the parts that decide are those that were signed, told from scratch. */
function assertIsWhatWasSigned(bytes: Buffer): void {
  const question = readCheckRequest(bytes);
  assert.ok(!isRefusal(question));
  const { method, target, headers, body } = question.request;
  const one = (name: string): string => {
    const lines = headers.lines.get(name) ?? [];
    assert.equal(lines.length, 1, name);
    return Buffer.from(lines[0]?.trim() ?? "", "base64").toString("base64url");
  };
  assert.equal(one("x-tenuo-warrant"), WARRANT);
  const url = new URL(`http://h${target}`);
  if (url.pathname === "/pay") {
    assert.equal(method, "POST");
    assert.equal(one("x-tenuo-pop"), pay["x-tenuo-pop"]);
    assert.equal((JSON.parse(Buffer.from(body.bytes).toString()) as { to?: unknown }).to, "a");
  } else {
    assert.ok(["GET", "POST"].includes(method));
    assert.equal(url.pathname, "/read/7");
    assert.deepEqual(url.searchParams.getAll("path"), ["/data/a"]);
    assert.equal(one("x-tenuo-pop"), read["x-tenuo-pop"]);
  }
  assertReadAlike(question.request, bytes);
}

/** Another reader of the same bytes: of a text the last counts, and a message in two parts is one. */
function assertReadAlike({ method, target, headers, body }: HttpRequest, bytes: Uint8Array): void {
  const inside = (fields: readonly Field[], number: number): readonly Field[] =>
    messageOf(fields, number) ?? [];
  const textOf = (fields: readonly Field[], number: number): string =>
    Buffer.from(fields.findLast((each) => each.number === number && each.wire === 2)?.bytes ?? []).toString();
  const http = inside(inside(inside(readFields(bytes) ?? [], 1), 4), 2);
  const linesOf = (fields: readonly Field[], number: number, ...values: readonly number[]) =>
    fields
      .filter((each) => each.number === number && each.wire === 2)
      .map((each) => readFields(each.bytes) ?? [])
      .map((line) => [
        textOf(line, 1).toLowerCase(),
        values.map((value) => textOf(line, value)).find((text) => text !== "") ?? "",
      ]);
  const raw = linesOf(inside(http, 13), 1, 3, 2);
  const lines = raw.length > 0 ? raw : linesOf(http, 3, 2);
  assert.equal(method, textOf(http, 2));
  assert.equal(target, raw.find(([name]) => name === ":path")?.[1] ?? textOf(http, 4));
  assert.equal(Buffer.from(body.bytes).toString(), textOf(http, 12) || textOf(http, 11));
  for (const name of ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-approvals", "content-type"]) {
    const values = lines.filter(([key]) => key === name).map(([, value]) => value);
    assert.deepEqual(headers.lines.get(name) ?? [], values, name);
  }
}
