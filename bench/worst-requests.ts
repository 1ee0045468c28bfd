import { encode } from "../src/cbor/encode.ts";
import type { CborValue } from "../src/cbor/value.ts";
import { generateSigningKey, type SigningKey } from "../src/crypto/ed25519.ts";
import { finish } from "../src/steps.ts";
import type { Arguments, Value } from "../src/value.ts";
import { parseWarrantHeader } from "../src/warrant/header.ts";
import { isStack } from "../src/warrant/parse.ts";
import { signProof } from "../src/warrant/proof.ts";
import { leafOf } from "../src/warrant/warrant.ts";
import { gatingFields, WHOLE_TOOL } from "../test/support/approvals.ts";
import { serializeCheck } from "../test/support/check-request.ts";
import { type RawLink, rawChain, rawTools } from "../test/support/raw-chain.ts";
import { unixNow } from "../test/support/warrants.ts";
import { struct, times } from "./common.ts";

// The requests we know of that hold up others the longest, and take the most memory.

const MIB = 1024 * 1024;

const root = generateSigningKey();
const holder = generateSigningKey();

/** What they are asked of. */
export const WORST_GATEWAY_YAML = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"], debug_mode: true}
tools:
  read: {constraints: {q: {from: query, path: q}, h: {from: header, path: x-h}, p: {from: path, path: p}}}
  write: {constraints: {a: {from: body, path: a}, b: {from: body, path: b}}}
  list: {constraints: {a: {from: body, path: "l.*.a"}}}
routes:
  - {pattern: "/read/{p}", method: GET, tool: read}
  - {pattern: "/write", method: POST, tool: write}
  - {pattern: "/list", method: POST, tool: list}
`;

interface Http {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly rawBody?: Uint8Array;
}

/** A serialized CheckRequest. */
export interface WorstRequest {
  readonly name: string;
  readonly message: Buffer;
}

function link(signer: SigningKey, fields: RawLink["fields"]): RawLink {
  return { signer, holder, fields: { maxDepth: 64n, ...fields } };
}

/** Headers of a call that a holder may make under a chain of its own. */
function credentials(links: readonly RawLink[], tool: string, args: Arguments): Record<string, string> {
  const { header } = rawChain(links, unixNow());
  const stack = finish(parseWarrantHeader(header));
  const proof = isStack(stack)
    ? signProof(holder, { warrant: leafOf(stack), tool, args }, unixNow())
    : new Uint8Array(64);
  return { "x-tenuo-warrant": header, "x-tenuo-pop": Buffer.from(proof).toString("base64url") };
}

function ask(name: string, http: Http): WorstRequest {
  const whole = { method: "GET", path: "/read/x", host: "api.test", protocol: "HTTP/2", ...http };
  return { name, message: serializeCheck(whole) };
}

function post(name: string, path: string, body: string, headers: Record<string, string> = {}): WorstRequest {
  const rawBody = Buffer.from(body);
  return ask(name, {
    ...{ method: "POST", path, rawBody },
    headers: { "content-type": "application/json", "content-length": String(rawBody.length), ...headers },
  });
}

const free = rawTools({ read: {}, write: {}, list: {} });
const freeLink = link(root, { tools: free });

/** As many constraints of one kind as a stack may have. */
function spam(name: string, constraint: CborValue): WorstRequest {
  const each = Math.min(1023, Math.floor(62_000 / encode(constraint).length));
  const tools = rawTools({ read: { q: struct(13, { constraints: times(each, () => constraint) }) } });
  const links = times(4, (i) => link(i === 0 ? root : holder, { tools }));
  return ask(`stack: ${name}`, {
    path: "/read/x?q=a",
    headers: credentials(links, "read", new Map([["q", "a"]])),
  });
}

/** A call that its holder signed rightly. */
function judged(name: string, constraint: CborValue, value: string): WorstRequest {
  const tools = rawTools({ write: { a: constraint } });
  const args = new Map<string, Value>([["a", value]]);
  const headers = credentials([link(root, { tools })], "write", args);
  return post(`judging: ${name}`, "/write", JSON.stringify({ a: value }), headers);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const letters = "a".repeat(2 * MIB - 1000);
const anyArgument = (value: Value): Record<string, string> =>
  credentials([freeLink], "write", new Map([["a", value]]));
const wrongProof = (): Record<string, string> => ({
  ...credentials([freeLink], "write", new Map()),
  "x-tenuo-pop": Buffer.alloc(64, 1).toString("base64url"),
});
const members = times(90_000, (i) => [`${(i * 7919) % 100_003}`, 1n] as const);
const approvers = times(64, generateSigningKey);

/** A signed GET that is allowed, as most are. @param p of the path, and signed */
export function ordinaryRequest(p: string): WorstRequest {
  return ask("nothing special: a signed GET", {
    path: `/read/${p}`,
    headers: credentials([freeLink], "read", new Map([["p", p]])),
  });
}

/** Each is made when it is asked for: some are large, and proofs get old. */
export const WORST_REQUESTS: readonly (() => WorstRequest)[] = [
  () => ordinaryRequest("x"),
  () => spam("UrlSafe({})", struct(18, {})),
  () => spam("UrlSafe with a list", struct(18, { allow_domains: [] })),
  () => spam("Wildcard", [16n, null]),
  () => spam("Exact", struct(1, { value: 0n })),
  () => spam("Pattern", struct(2, { pattern: "*" })),
  () => spam("Range", struct(3, {})),
  () => spam("Regex", struct(5, { pattern: "a" })),
  () => spam("Cidr", [8n, "::/0"]),
  () => spam("UrlPattern", [9n, "*://*"]),
  () => spam("Cel", struct(15, { expression: "1" })),
  () => spam("Shlex", struct(128, { allow: ["a"] })),
  () => spam("OneOf", struct(4, { values: [] })),
  () => spam("Unknown", [99n, null]),
  () =>
    ask("stack: a list of nothing but small items", {
      headers: { "x-tenuo-warrant": base64(encode(times(262_000, () => 0n))) },
    }),
  () =>
    ask("stack: payloads of nothing but small items", {
      headers: {
        "x-tenuo-warrant": base64(
          encode(times(4, () => [1n, encode(times(65_000, () => [])), [1n, new Uint8Array(64)]])),
        ),
      },
    }),
  () => {
    const tools = rawTools(
      Object.fromEntries([...times(255, (i) => `t${i}`), "read"].map((name) => [name, {}])),
    );
    const links = times(16, (i) => link(i === 0 ? root : holder, { tools }));
    return ask("chain: 16 links, 256 tools", { headers: credentials(links, "read", new Map([["p", "x"]])) });
  },
  () => {
    const fields = { tools: free, ...gatingFields({ gates: { read: WHOLE_TOOL }, approvers, min: 64 }) };
    const links = times(16, (i) => link(i === 0 ? root : holder, fields));
    return ask("chain: 16 links, 64 approvers each", {
      headers: credentials(links, "read", new Map([["p", "x"]])),
    });
  },
  () => post("proof: 2 MiB of text, right", "/write", JSON.stringify({ a: letters }), anyArgument(letters)),
  () => post("proof: 2 MiB of text, wrong", "/write", JSON.stringify({ a: letters }), wrongProof()),
  () =>
    post(
      "proof: an object of 90 000 members",
      "/write",
      `{"a":{${members.map(([name]) => `"${name}":1`).join(",")}}}`,
      anyArgument(new Map(members)),
    ),
  () =>
    post(
      "proof: a list of 90 000 floats",
      "/write",
      `{"a":[${times(90_000, () => "0.1").join(",")}]}`,
      anyArgument(times(90_000, () => 0.1)),
    ),
  () => post("body: many lists", "/write", `{"a":[${"[],".repeat(99_000)}[]]}`, wrongProof()),
  () => post("body: many escapes", "/write", `{"a":"${"\\u00e9".repeat(340_000)}"}`, wrongProof()),
  () =>
    post(
      "body: long names",
      "/write",
      `{${times(99_000, (i) => `"aaaaaaaaaaaa${i}":0`).join(",")}}`,
      wrongProof(),
    ),
  () => post("body: blanks", "/write", `{${" ".repeat(2 * MIB - 1000)}}`, wrongProof()),
  () =>
    post(
      "body: a list walked by a rule",
      "/list",
      `{"l":[${times(45_000, () => '{"a":1}').join(",")}]}`,
      wrongProof(),
    ),
  () =>
    judged(
      "a list that no expression fits",
      struct(5, { pattern: "(a*)*(a*)*(a*)*b" }),
      letters.slice(0, 65_000),
    ),
  () => judged("an email address", struct(5, { pattern: "^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$" }), letters),
  () => judged("many stars", struct(2, { pattern: `${"*a".repeat(13_000)}*b` }), letters),
  () => judged("nothing in a huge list", struct(4, { values: times(16_000, (i) => `${i}`) }), letters),
  () =>
    judged(
      "a deep Not",
      times(31, () => 0).reduce<CborValue>(
        (inner) => struct(14, { constraint: inner }),
        struct(2, { pattern: "*" }),
      ),
      "b",
    ),
  () =>
    judged("CEL over a long text", struct(15, { expression: "value.split('').all(c, c == 'a')" }), letters),
  () => ask("path: a long one", { path: `/read/${"a/".repeat(32_000)}` }),
  () => ask("path: escapes", { path: `/read/${"%C3%A9".repeat(10_900)}` }),
  () =>
    ask("query: many keys", {
      path: `/read/x?${"a&".repeat(32_000)}`,
      headers: credentials([freeLink], "read", new Map([["p", "x"]])),
    }),
  () =>
    ask("query: keys that don't decode", {
      path: `/read/x?${"%7&".repeat(21_000)}`,
      headers: credentials([freeLink], "read", new Map()),
    }),
  () =>
    ask("query: escapes", {
      path: `/read/x?q=${"%C3%A9".repeat(10_900)}`,
      headers: credentials([freeLink], "read", new Map([["p", "x"]])),
    }),
  () =>
    ask("headers: a thousand", {
      headers: Object.fromEntries(times(990, (i) => [`h_${i}.x`, "a".repeat(500)])),
    }),
  () =>
    ask("headers: long names of dots", {
      headers: Object.fromEntries(times(900, (i) => [`x${"_.".repeat(280)}${i}`, ""])),
    }),
  () => ask("headers: a list of the next hop", { headers: { connection: "a,".repeat(260_000) } }),
  () =>
    ask("headers: approvals", {
      headers: {
        ...credentials([freeLink], "read", new Map([["p", "x"]])),
        "x-tenuo-approvals": base64(encode(times(65_000, () => 0n))),
      },
    }),
  () => ({
    name: "message: nothing but empty headers",
    message: Buffer.alloc(8 * MIB, Buffer.of(0x0a, 0x00)),
  }),
];
