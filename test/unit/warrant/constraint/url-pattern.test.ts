import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../../../src/cbor/decode.ts";
import { encode } from "../../../../src/cbor/encode.ts";
import { TooCostly } from "../../../../src/evaluation.ts";
import type { Value } from "../../../../src/value.ts";
import {
  any,
  exact,
  not,
  type Outcome,
  parseConstraint,
  pattern,
  urlPattern,
  writeConstraint,
} from "../../../../src/warrant/constraint/index.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { assertNarrowing } from "../../../support/narrowing.ts";

test("scheme, host, port and path of a URL are held against the pattern, as far as it has them", () => {
  const outcomes: readonly (readonly [string, Value, Outcome])[] = [
    ["https://a.com/*", "https://a.com", "match"],
    ["https://a.com/*", "HTTPS://A.COM:8443/x?q#f", "match"],
    ["https://a.com/*", "https://u:p@a.com/x", "match"],
    ["https://a.com/*", "https:\\\\a%2ecom\\x", "match"],
    ["https://a.com/*", "http://a.com/x", "no_match"],
    ["https://a.com/*", "https://a.com@b.com/x", "no_match"],
    ["https://a.com/*", "https://a.com./x", "no_match"],
    ["https://a.com/*", "a.com/x", "error"],
    ["https://a.com/*", "", "error"],
    ["https://a.com/*", 5n, "no_match"],
    ["https://a.com", "https://a.com/anything", "match"],
    ["https://*.a.com/*", "https://a.com/", "match"],
    ["https://*.a.com/*", "https://x.y.a.com/", "match"],
    ["https://*.a.com/*", "https://xa.com/", "no_match"],
    ["https://*/*", "https://a.com/", "no_match"],
    ["*://a.com/*", "foo://A.com/x", "match"],
    ["*://*.a.com/*", "foo://A.com/x", "no_match"],
    ["https://a.com:8443/*", "https://a.com/", "no_match"],
    ["https://a.com:443/*", "https://a.com:9999/", "match"],
    ["*://a.com:80/*", "http://a.com/", "match"],
    ["*://a.com:80/*", "https://a.com/", "no_match"],
    ["https://a.com/api", "https://a.com/x/../api", "match"],
    ["https://a.com/api", "https://a.com/api/x", "no_match"],
    ["https://a.com/api/*", "https://a.com/api/%2e%2e/etc", "no_match"],
    ["https://a.com/api/*", "https://a.com/api/..%2fetc", "match"],
    ["https://a.com/[ab]", "https://a.com/b", "match"],
    ["https://a.com/a**", "https://a.com/a**", "match"],
    ["https://a.com/a**", "https://a.com/ab", "no_match"],
    ["file:///data/*", "file://host/data/x", "match"],
  ];
  for (const [text, argument, wanted] of outcomes) {
    assert.equal(matches(urlPattern(text), argument), wanted, `${text} on ${String(argument)}`);
  }
});

test("text that isn't a URL with a scheme doesn't decode", () => {
  const texts = ["a.com/*", "https://", "://a.com", "https://__tenuo_host_wildcard__.com/", "https://a b/"];
  for (const text of [...texts, `https://${"é".repeat(140)}/`]) {
    assert.throws(() => parseConstraint([9n, text]), Malformed, text);
  }
  assert.throws(() => parseConstraint([9n, new Map([["pattern", "https://a.com/*"]])]), Malformed);
});

test("a pattern is narrowed part by part", () => {
  const allowed: readonly (readonly [string, string])[] = [
    ["https://a.com", "https://a.com/x"],
    ["https://a.com/*", "https://A.com:8443/x/*"],
    ["*://a.com/*", "ftp://a.com/*"],
    ["https://*.a.com/*", "https://*.x.a.com/*"],
    ["https://*.a.com/*", "https://a.com/*"],
    ["https://a.com/api/*", "https://a.com/api/[ab]/*"],
    ["https://a.com/api/*", "https://a.com/api/["],
    ["https://a.com/f*", "https://a.com/f*/x"],
  ];
  for (const [parent, child] of allowed) {
    assert.ok(permits(urlPattern(parent), urlPattern(child)), `${parent} → ${child}`);
  }
  const refused: readonly (readonly [string, string])[] = [
    ["https://a.com/*", "*://a.com/*"],
    ["https://a.com/*", "https://a.com"],
    ["https://a.com/*", "https://*.a.com/*"],
    ["https://*.a.com/*", "https://xa.com/*"],
    ["https://a.com:8443/*", "https://a.com/*"],
    ["https://a.com/api/*", "https://a.com/api/../x"],
    ["https://a.com/x/*/y", "https://a.com/x/1/y"],
  ];
  for (const [parent, child] of refused) {
    assert.ok(!permits(urlPattern(parent), urlPattern(child)), `${parent} → ${child}`);
  }
  assert.ok(permits(urlPattern("https://a.com/api/*"), exact("https://a.com/api/x")));
  assert.ok(!permits(urlPattern("https://a.com/api/*"), exact("https://a.com/x")));
  assert.ok(!permits(urlPattern("https://a.com/*"), exact("not a URL")));
  assert.ok(!permits(urlPattern("https://a.com/*"), pattern("https://a.com/x")));
});

test("what looks narrower, and isn't, is refused", () => {
  const pairs: readonly (readonly [string, string, string])[] = [
    ["https://a.com/api", "https://a.com/api/x", "https://a.com/api/x"],
    ["https://a.com/x/*/y", "https://a.com/x/*/y/z", "https://a.com/x/1/y/z"],
    ["https://a.com/[ab]", "https://a.com/[ab]/x", "https://a.com/a/x"],
    ["https://a.com/a[/*", "https://a.com/a[/]*", "https://a.com/a/"],
    ["https://a.com/[ab]/*", "https://a.com/[ab]/[", "https://a.com/[ab]/["],
    ["*://*.a.com", "*://a.com", "foo://A.com/"],
    ["foo://*.a.com", "foo://x.a.com", "foo://x.A.com/"],
  ];
  for (const [parent, child, witness] of pairs) {
    assert.equal(matches(urlPattern(child), witness), "match", child);
    assert.equal(matches(urlPattern(parent), witness), "no_match", parent);
    assert.ok(!permits(urlPattern(parent), urlPattern(child)), `${parent} → ${child}`);
  }
});

test("within Any and Not, a pattern is narrowed like any other", () => {
  const [a, b] = [urlPattern("https://a.com/*"), urlPattern("https://b.com/*")];
  assert.ok(permits(any([a, b]), any([urlPattern("https://b.com/x")])));
  assert.ok(permits(not(urlPattern("https://a.com/x")), not(a)));
  assert.ok(!permits(not(a), not(urlPattern("https://a.com/x"))));
  assert.ok(!permits(any([a, exact("b")]), any([exact("b")])));
});

test("hostile URLs are given up, instead of taking their time", () => {
  const wide = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(0x4e00 + i)).join("");
  const constraint = urlPattern("https://*.a.com/*");
  assert.throws(() => matches(constraint, `https://${wide}/`), TooCostly);
  assert.throws(() => matches(constraint, `https:\t/\n\\${wide}`), TooCostly);
  const many = any(Array.from({ length: 20 }, () => constraint));
  assert.throws(() => matches(many, `https://a.b/${"x".repeat(60_000)}`), TooCostly);
});

/** The parts texts are put together from; the rare ones are where readings differ. */
const schemes = ["https", "https", "*", "*", "foo", "http", "file"];
const hosts = [
  "a.com",
  "a.com",
  "*.a.com",
  "*.a.com",
  "x.a.com",
  "*.x.a.com",
  "A.COM",
  "*.A.com",
  "x.*.a.com",
  "a.com.",
  "u@a.com",
  "*.com",
  "%61.com",
  "[::1]",
  "＊.a.com",
  "",
];
const ports = ["", "", "", ":443", ":80", ":8443", ":0"];
const steps = [
  "a",
  "b",
  "*",
  "*",
  "**",
  "[ab]",
  "[",
  "]",
  "[!a]",
  "..",
  "%2e%2e",
  ".",
  "a*",
  "[/]",
  "*.b",
  "é",
  "",
  "?q",
];
const paths = fc.array(fc.constantFrom(...steps), { maxLength: 3 });
const growth = fc.array(fc.constantFrom("/", "/", "a", "*", "[", "]", "/*", ".."), { maxLength: 3 });

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
}
const parts: fc.Arbitrary<Parts> = fc.record({
  scheme: fc.constantFrom(...schemes),
  host: fc.constantFrom(...hosts),
  port: fc.constantFrom(...ports),
  path: fc.oneof(
    paths.map((each) => `/${each.join("/")}`),
    fc.constantFrom("", "/*", "/a/*"),
  ),
});
const textOf = ({ scheme, host, port, path }: Parts): string => `${scheme}://${host}${port}${path}`;

function tryPattern(text: string): ReturnType<typeof urlPattern> | undefined {
  try {
    return urlPattern(text);
  } catch (error) {
    assert.ok(error instanceof Malformed);
    return undefined;
  }
}

/** URLs near a pattern, most of which it matches. */
function urlsNear({ scheme, host, port, path }: Parts): readonly string[] {
  const parsed = tryPattern(textOf({ scheme, host, port, path }))?.rules;
  const near = {
    scheme: [scheme === "*" ? "foo" : scheme],
    host: [host, parsed?.host ?? ""],
    path: [path, parsed?.path ?? "/"],
  };
  if (scheme === "*") near.scheme.push("https");
  near.host.push(
    ...near.host.map((each) => each.replace("*.", "")),
    ...near.host.map((each) => each.replace("*", "Y")),
  );
  const fill = (each: string, star: string): string => each.replaceAll("**/", "").replaceAll("*", star);
  for (const each of [path, parsed?.path ?? "/"]) {
    near.path.push(fill(each, ""), fill(each, "c"), fill(each, "/a/b"));
    near.path.push(
      fill(each, "c").replaceAll(/\[!?\]?[^\]]*\]/g, "a"),
      fill(each, "").replaceAll(/\[!?\]?[^\]]*\]/g, "/"),
    );
  }
  const authorities = near.host.flatMap((each) => [each + port, each]);
  return near.scheme.flatMap((s) => authorities.flatMap((a) => near.path.map((p) => `${s}://${a}${p}`)));
}

test("what a permitted child matches, its parent matches", () => {
  const derived = fc
    .tuple(
      parts,
      fc.record(
        {
          scheme: fc.constantFrom(...schemes),
          host: fc.constantFrom(...hosts),
          port: fc.constantFrom(...ports),
        },
        { requiredKeys: [] },
      ),
      fc.option(growth, { nil: undefined }),
    )
    .map(([parent, changes, grown]): readonly [Parts, Parts] => {
      const path = grown === undefined ? parent.path : parent.path.replace(/\*$/, "") + grown.join("");
      return [parent, { ...parent, ...changes, path }];
    });
  const pairs = fc
    .oneof(derived, derived, fc.tuple(parts, parts))
    .filter((pair) => pair.every((each) => tryPattern(textOf(each)) !== undefined));
  const build = ([parent, child]: readonly [Parts, Parts]) => ({
    parent: urlPattern(textOf(parent)),
    child: urlPattern(textOf(child)),
    probes: [...urlsNear(child), ...urlsNear({ ...child, host: parent.host })],
  });
  assertNarrowing(pairs, build, { runs: 2000, leastHits: 2000 });
});

test("a pattern permits itself, and survives its wire form", () => {
  let patterns = 0;
  const holds = fc.property(parts, (each) => {
    const original = tryPattern(textOf(each));
    if (original === undefined) return;
    patterns++;
    const copy = parseConstraint(decode(encode(writeConstraint(original))));
    assert.equal(copy.describe(), `UrlPattern(${textOf(each)})`);
    assert.ok(permits(original, copy) && permits(copy, original));
  });
  fc.assert(holds, { numRuns: 1000 });
  assert.ok(patterns > 200, `only ${patterns} patterns`);
});

test("any text is a pattern or malformed", () => {
  const text = fc.oneof(parts.map(textOf), fc.string(), fc.string({ unit: "binary" }));
  fc.assert(fc.property(text, (each) => void tryPattern(each)));
});
