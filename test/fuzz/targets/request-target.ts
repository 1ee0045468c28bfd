import assert from "node:assert/strict";
import { admit } from "../../../src/gateway/admit.ts";
import { extract } from "../../../src/gateway/extract.ts";
import { matchRoute } from "../../../src/gateway/match.ts";
import { type GatewayRefusal, isRefusal } from "../../../src/gateway/refusal.ts";
import type { Arguments } from "../../../src/value.ts";
import { gatewayOf } from "../../unit/gateway/call.ts";
import { request } from "../../unit/gateway/request.ts";
import { mutateBytes, words } from "../mutate.ts";
import { outcome, settle, type Target } from "../target.ts";

const file = (version: number): string => `version: "${version}"
settings: {}
tools:
  t:
    extract: {whole: $.path}
    constraints:
      id: {from: path, path: id}
      rest: {from: path, path: rest}
      q: {from: query, path: q}
      r: {from: query, path: "r[x]"}
routes:
  - {pattern: "/a/{id}", tool: t}
  - {pattern: "/a/{id}.json", tool: t}
  - {pattern: "/a/v{id}/{*rest}", tool: t}
  - {pattern: "/b/{*rest}", tool: t}
  - {pattern: "/{id}/x/", tool: t}
`;
const GATEWAYS = [gatewayOf(file(1)), gatewayOf(file(2))] as const;

const SEEDS = [
  ...words(
    "/a/1 /a/b%20c.json?q=1 /a/v2/x/y?q=a+b&r=2 /b/%C3%A9/z /x/x/ /a/1?Q=1&q[]=2 /a/1?q=%2B%26&r[x]=1 //a/1 /a/./1 /a/..%2f1",
  ),
  ...words(
    "/a/%2e%2e /a/1;v=2 /a/1?q=1&q=2 /a/1?q=1;r=2 /a/%zz /a/%ff /b/a\\b /a/1#f http://h/a/1 * /a/%25 /a/\x7f",
  ),
];
const WORDS = [
  ...words(
    "/ // . .. ./ ../ ;x=1 ? & = + %20 %2f %2F %5c %2e %25 %00 %C3%A9 %c3 %e2%82%ac %F0%9F%98%80 # \\ @ : ! [ ] {id} ~ ' \" < > ^ ` |",
  ),
  ...words(
    "q=1 q= &q=2 r[x]=1 r%5Bx%5D=2 Q=1 q[]=1 q[a]=1 %71=1 .json http:// xn-- %u0041 \t \n \r \0 \xc3\xa9 \x85",
  ),
];

/** A request target: path and query. The first byte chooses gateway.yaml's version, the rest is one character a byte. */
export const requestTarget: Target = {
  name: "request-target",
  maxBytes: 70_000,
  seeds: () => SEEDS.flatMap((text) => ["1", "2"].map((version) => Buffer.from(version + text, "latin1"))),
  mutate: (input, random, other) => mutateBytes(input, random, other, WORDS),
  run: (input) => {
    const version = 1 + ((input[0] ?? 0) & 1);
    const gateway = GATEWAYS[version - 1] ?? GATEWAYS[0];
    const target = Buffer.from(input.subarray(1)).toString("latin1");
    const asked = request({ target });
    const ambiguity = admit(gateway, asked);
    if (ambiguity !== undefined)
      return outcome(ambiguity.detail, () => assert.ok(ambiguity.detail.length <= 1024));
    const match = matchRoute(gateway, asked);
    const args = isRefusal(match) ? match : settle(extract(gateway, match, asked));
    return outcome(said(args), () => {
      const [path = "", query = ""] = cut(target);
      assertOneReading(path, `http://h${target}`);
      if (isRefusal(args)) {
        assert.ok(args.detail.length <= 1024);
        return;
      }
      const found = args.args;
      const form = version === 1 ? path : decodeURIComponent(path);
      assert.equal(found.get("whole"), form);
      for (const name of ["id", "rest"]) {
        const value = found.get(name);
        assert.ok(value === undefined || form.includes(String(value)), `${name} isn't in the path`);
        if (version === 1) assert.ok(!String(value ?? "").includes("%"), "an escape in a parameter");
      }
      for (const [name, key] of [
        ["q", "q"],
        ["r", "r[x]"],
      ] as const) {
        const value = found.get(name);
        assert.deepEqual(new URLSearchParams(`?${query}`).getAll(key), value === undefined ? [] : [value]);
      }
    });
  },
};

function said(result: GatewayRefusal | { readonly args: Arguments }): string {
  if (!isRefusal(result)) return [...result.args.keys()].join();
  return result.refused === "no_route" ? result.refused : result.detail;
}

function cut(target: string): readonly string[] {
  const end = target.indexOf("?");
  return end < 0 ? [target] : [target.slice(0, end), target.slice(end + 1)];
}

/** Decoded, taken apart by another reader, or seen by a server that normalises: an admitted path stays what it is. */
function assertOneReading(path: string, url: string): void {
  assert.match(path, /^\/[\x21-\x7e]*$/);
  const decoded = decodeURIComponent(path);
  assert.equal(decodeURIComponent(decoded), decoded, "decodes twice");
  assert.doesNotMatch(decoded, /\/\/|\/\.{1,2}(?:\/|$)|[\\;?#\p{Cc}]/u);
  const seen = URL.parse(url);
  assert.equal(seen?.host, "h");
  assert.equal(decodeURIComponent(seen?.pathname ?? ""), decoded);
}
