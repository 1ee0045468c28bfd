import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../../../src/cbor/decode.ts";
import { encode } from "../../../../src/cbor/encode.ts";
import type { CborValue } from "../../../../src/cbor/value.ts";
import { Evaluation, TooCostly } from "../../../../src/evaluation.ts";
import type { Value } from "../../../../src/value.ts";
import {
  any,
  exact,
  type Outcome,
  parseConstraint,
  urlPattern,
  urlSafe,
  writeConstraint,
} from "../../../../src/warrant/constraint/index.ts";
import type { UrlSafeSettings } from "../../../../src/warrant/constraint/url-safe-settings.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { assertNarrowing } from "../../../support/narrowing.ts";

type Choices = Partial<UrlSafeSettings>;

const open: Choices = {
  blockPrivate: false,
  blockLoopback: false,
  blockMetadata: false,
  blockReserved: false,
};

test("a URL is safe by its scheme, its port and the spelling of its host", () => {
  const outcomes: readonly (readonly [Choices, Value, Outcome])[] = [
    [{}, "https://a.com:8443/x", "match"],
    [{}, "HTTP://A.COM/", "match"],
    [{}, "http://127.0.0.1@a.com/", "match"],
    [{}, "http://a.com@127.0.0.1/", "no_match"],
    [{}, "ftp://a.com/", "no_match"],
    [{}, "a.com", "no_match"],
    [{}, "http://a.com/\0", "no_match"],
    [{}, 5n, "no_match"],
    [{}, "http://LOCALHOST./", "no_match"],
    [{}, "http://localhost../", "no_match"],
    [{}, "http://x.localhost/", "match"],
    [{}, "http://metadata.google.internal/", "no_match"],
    [{}, "http://x.internal/", "match"],
    [{ blockInternalTlds: true }, "http://x.internal./", "no_match"],
    [{ blockInternalTlds: true }, "http://svc/", "no_match"],
    [{ blockInternalTlds: true }, "http://internal.a.com/", "match"],
    [{ schemes: ["HTTPS"] }, "https://a.com/", "match"],
    [{ schemes: [] }, "https://a.com/", "no_match"],
    [{ schemes: ["file"] }, "file:///x", "no_match"],
    [{ allowPorts: [443] }, "https://a.com/", "match"],
    [{ allowPorts: [443] }, "http://a.com/", "no_match"],
    [{ allowPorts: [] }, "https://a.com/", "no_match"],
    [{ allowPorts: [], schemes: ["foo"] }, "foo://a.com/", "match"],
    [{ allowDomains: ["*.a.com"] }, "https://x.y.a.com./", "match"],
    [{ allowDomains: ["*.a.com"] }, "https://a.com/", "match"],
    [{ allowDomains: ["*.a.com"] }, "https://xa.com/", "no_match"],
    [{ allowDomains: ["A.com."] }, "https://a.com/", "match"],
    [{ allowDomains: ["a.com"] }, "https://x.a.com/", "no_match"],
    [{ allowDomains: ["bücher.example"] }, "https://xn--bcher-kva.example/", "match"],
    [{ allowDomains: ["0x8080808"] }, "https://8.8.8.8/", "match"],
    [{ allowDomains: ["10.0.0.1"] }, "https://10.0.0.1/", "no_match"],
    [{ allowDomains: [] }, "https://a.com/", "no_match"],
    [{ denyDomains: [] }, "https://a.com/", "match"],
    [{ denyDomains: ["*.a.com"], allowDomains: ["x.a.com"] }, "https://x.a.com/", "no_match"],
  ];
  for (const [choices, argument, wanted] of outcomes) {
    assert.equal(
      matches(urlSafe(choices), argument),
      wanted,
      `${urlSafe(choices).describe()} on ${String(argument)}`,
    );
  }
});

test("a list with an entry that isn't a domain is an error, whatever is asked", () => {
  const entries = [
    "",
    "*",
    "*.",
    ".",
    "a..",
    "a.*.com",
    "%2a.com",
    "＊.com",
    "https://a.com",
    "a.com:80",
    "a.com/x",
  ];
  const more = [
    "u@a.com",
    " a.com",
    "a\t.com",
    "a b",
    "*.1.2.3.4",
    "*.[::1]",
    "::1",
    "[::1",
    "1.2.3.256",
    "é".repeat(140),
  ];
  for (const entry of [...entries, ...more]) {
    for (const choices of [{ allowDomains: ["a.com", entry] }, { denyDomains: [entry] }]) {
      const constraint = urlSafe(choices);
      assert.equal(constraint.failsOn(new Evaluation(0)), "anything", entry);
      for (const text of ["https://a.com/", "bad", ""])
        assert.equal(matches(constraint, text), "error", entry);
      assert.equal(matches(constraint, 5n), "no_match");
      assert.ok(!permits(constraint, constraint));
    }
  }
});

/** Use, then a first and a last address of each range that has it. */
const USES: readonly (readonly [keyof UrlSafeSettings, readonly string[]])[] = [
  ["blockLoopback", ["127.0.0.0", "127.255.255.255", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]"]],
  [
    "blockMetadata",
    ["169.254.0.0", "169.254.255.255", "100.100.100.200", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]"],
  ],
  [
    "blockPrivate",
    ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
  ],
  [
    "blockPrivate",
    ["100.64.0.0", "100.127.255.255", "198.18.0.0", "198.19.255.255", "[2002:a00:1::]", "[2001::f5ff:fffe]"],
  ],
  [
    "blockPrivate",
    ["[fc00::]", "[fdff:ffff::]", "[fe80::]", "[febf::]", "[fec0::]", "[feff::]", "[64:ff9b:1::]"],
  ],
  [
    "blockReserved",
    ["0.0.0.0", "0.255.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.11", "192.0.0.255", "192.0.2.0"],
  ],
  [
    "blockReserved",
    ["198.51.100.255", "203.0.113.0", "192.88.99.9", "224.0.0.0", "255.255.255.255", "[::1]"],
  ],
  [
    "blockReserved",
    ["[100::]", "[100:0:0:1::]", "[2001:db8::]", "[3fff:fff::]", "[5f00::]", "[ff00::]", "[ffff::]"],
  ],
  [
    "blockReserved",
    ["[2001::]", "[2001:1::]", "[2001:1::4]", "[2001:2::]", "[2001:1f::]", "[2001:40::]", "[2001:1ff::]"],
  ],
];
const UNUSED = [
  "1.0.0.0",
  "9.255.255.255",
  "11.0.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "172.15.255.255",
  "172.32.0.0",
];
const MORE_UNUSED = [
  "100.63.255.255",
  "100.128.0.0",
  "192.0.0.9",
  "192.0.0.10",
  "192.0.1.0",
  "223.255.255.255",
];
const UNUSED_IPV6 = [
  "[2001:1::1]",
  "[2001:1::3]",
  "[2001:3::1]",
  "[2001:4:112::]",
  "[2001:20::]",
  "[2001:3f:ffff::]",
];
const MORE_IPV6 = [
  "[2001:200::]",
  "[2606:4700::]",
  "[100:0:0:2::]",
  "[fb00::]",
  "[::ffff:8.8.8.8]",
  "[2002:808:808::]",
];

test("an address is blocked by what it is used for, also as the IPv4 address in an IPv6 one", () => {
  for (const [block, hosts] of USES) {
    for (const host of hosts) {
      assert.equal(
        matches(urlSafe({ ...open, [block]: true }), `http://${host}/`),
        "no_match",
        `${block} ${host}`,
      );
      assert.equal(matches(urlSafe(open), `http://${host}/`), "match", host);
    }
  }
  for (const host of [...UNUSED, ...MORE_UNUSED, ...UNUSED_IPV6, ...MORE_IPV6]) {
    assert.equal(matches(urlSafe({}), `http://${host}/`), "match", host);
  }
});

test("a scheme that leaves hosts alone hides no address", () => {
  const constraint = urlSafe({ schemes: ["foo"] });
  const hidden = [
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "%3127.0.0.1",
    "127.0.0.1.",
    "01.2.3.4",
    "010.0.0.1",
    "0.0.0.08",
  ];
  for (const host of [...hidden, "[::1]", "LOCALHOST", "local%68ost", "%6cocalhost%2e"]) {
    const wanted = host === "01.2.3.4" ? "match" : "no_match";
    assert.equal(matches(constraint, `foo://${host}/`), wanted, host);
  }
  assert.equal(matches(constraint, "foo://8.8.8.8/"), "match");
  assert.equal(matches(constraint, "foo://134744072/"), "match");
});

test("a name in a list is what a URL makes of it", () => {
  const label = fc.string({
    unit: fc.constantFrom("xn--", "a", "b", "x", "n", "-", "_", "0", "1", "A", "é", "%61"),
    maxLength: 6,
  });
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
  let read = 0;
  const holds = fc.property(name, (each) => {
    const host = URL.parse(`http://${each}/`)?.hostname.replace(/\.$/, "");
    const list = urlSafe({ allowDomains: [each] }).domains(new Evaluation(0))?.allowed;
    const wanted = host === undefined || host === "" || host.endsWith(".") ? undefined : [host];
    assert.deepEqual(list && [...list.names], wanted, each);
    if (list !== undefined) read++;
  });
  fc.assert(holds, { numRuns: 2000 });
  assert.ok(read > 500, `only ${read} names`);
});

test("what a permitted child matches, its parent matches", () => {
  const domains = [
    "a.com",
    "*.a.com",
    "x.a.com",
    "*.x.a.com",
    "A.com.",
    "b.com",
    "*.com",
    "8.8.8.8",
    "[2606:4700::]",
  ];
  const list = fc.option(fc.subarray(domains, { maxLength: 3 }), { nil: undefined });
  const settings: fc.Arbitrary<UrlSafeSettings> = fc.record({
    schemes: fc.subarray(["http", "HTTPS", "foo"]),
    allowDomains: list,
    denyDomains: list,
    allowPorts: fc.option(fc.subarray([80, 443, 8443]), { nil: undefined }),
    blockPrivate: fc.boolean(),
    blockLoopback: fc.boolean(),
    blockMetadata: fc.boolean(),
    blockReserved: fc.boolean(),
    blockInternalTlds: fc.boolean(),
  });
  const hosts = [
    "a.com",
    "x.a.com",
    "y.x.a.com",
    "b.com",
    "com",
    "10.0.0.1",
    "127.0.0.1",
    "[::1]",
    "8.8.8.8",
    "x.local",
  ];
  const ports = ["", ":80", ":8443"];
  const probes = ["http", "https", "foo"].flatMap((scheme) =>
    hosts.flatMap((host) => ports.map((port) => `${scheme}://${host}${port}/`)),
  );
  const changed = fc
    .tuple(
      settings,
      settings,
      fc.subarray(
        ["schemes", "allowDomains", "denyDomains", "allowPorts", "blockPrivate", "blockReserved"] as const,
        { maxLength: 2 },
      ),
    )
    .map(([parent, other, keys]) => ({
      parent,
      child: { ...parent, ...Object.fromEntries(keys.map((key) => [key, other[key]])) },
    }));
  const build = ({ parent, child }: { readonly parent: Choices; readonly child: Choices }) => ({
    parent: urlSafe(parent),
    child: urlSafe(child),
    probes,
  });
  assertNarrowing(changed, build, { runs: 3000, leastHits: 500 });
});

test("each rule is narrowed by itself", () => {
  const allowed: readonly (readonly [Choices, Choices])[] = [
    [{}, { schemes: ["HTTPS"] }],
    [{}, { allowPorts: [] }],
    [{ blockPrivate: false }, {}],
    [{ allowDomains: ["*.a.com"] }, { allowDomains: ["a.com", "x.a.com", "*.y.a.com"] }],
    [{ denyDomains: ["x.a.com"] }, { denyDomains: ["*.a.com", "b.com"] }],
  ];
  const refused: readonly (readonly [Choices, Choices])[] = [
    [{}, { schemes: ["https", "ftp"] }],
    [{}, { blockPrivate: false }],
    [{ allowPorts: [443] }, {}],
    [{ allowPorts: [443] }, { allowPorts: [443, 80] }],
    [{ allowDomains: ["a.com"] }, {}],
    [{ allowDomains: ["a.com"] }, { allowDomains: ["*.a.com"] }],
    [{ allowDomains: ["*.a.com"] }, { allowDomains: ["xa.com"] }],
    [{ denyDomains: [] }, {}],
    [{ denyDomains: ["*.a.com"] }, { denyDomains: ["a.com"] }],
  ];
  for (const [parent, child] of allowed) assert.ok(permits(urlSafe(parent), urlSafe(child)));
  for (const [parent, child] of refused) assert.ok(!permits(urlSafe(parent), urlSafe(child)));
  assert.ok(permits(urlSafe({}), exact("https://a.com/")));
  assert.ok(!permits(urlSafe({}), exact("http://127.0.0.1/")));
  assert.ok(!permits(urlSafe({}), urlPattern("https://a.com/*")));
});

test("it permits itself, and survives its wire form", () => {
  const choices: Choices = {
    ...open,
    schemes: ["foo"],
    allowDomains: ["*.a.com"],
    denyDomains: [],
    allowPorts: [1],
  };
  for (const each of [urlSafe({}), urlSafe(choices)]) {
    const copy = parseConstraint(decode(encode(writeConstraint(each))));
    assert.equal(copy.describe(), each.describe());
    assert.ok(permits(each, copy) && permits(copy, each));
  }
  assert.equal(parseConstraint([18n, new Map()]).describe(), "UrlSafe()");
});

test("any other shape doesn't decode", () => {
  const wrong: readonly (readonly [string, CborValue])[] = [
    ["schemes", null],
    ["schemes", [5n]],
    ["allow_domains", "a.com"],
    ["allow_ports", [65_536n]],
    ["allow_ports", [80]],
    ["block_private", null],
    ["block_everything", true],
  ];
  for (const [member, value] of wrong) {
    assert.throws(() => parseConstraint([18n, new Map([[member, value]])]), Malformed, member);
  }
  for (const value of [null, [], "a.com"]) assert.throws(() => parseConstraint([18n, value]), Malformed);
});

test("thousands of domains are looked up at once, and hostile ones are given up", () => {
  const domains = Array.from({ length: 5000 }, (_, i) => `*.d${i}.example`);
  const many = urlSafe({ allowDomains: domains });
  assert.equal(matches(any(Array.from({ length: 100 }, () => many)), "https://d4999.example/"), "match");
  assert.ok(permits(many, urlSafe({ allowDomains: domains.slice(10) })));
  const deep = urlSafe({ allowDomains: [`*.${"a.".repeat(15_000)}a`] });
  assert.throws(() => matches(deep, `https://${"b.".repeat(30_000)}a/`), TooCostly);
  const toBeRead = urlSafe({ allowDomains: Array.from({ length: 30_000 }, () => "1") });
  assert.throws(() => matches(toBeRead, "https://a.com/"), TooCostly);
});
