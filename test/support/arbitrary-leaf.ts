import fc from "fast-check";
import { type CborValue, isArray, isMap } from "../../src/cbor/value.ts";
import type { Value } from "../../src/value.ts";

/** A constraint as it stands in a warrant, valid or not: `[type, value]`, with every optional field written out. */
export type Wire = readonly [type: bigint, value: CborValue];

interface Kind {
  readonly name: string;
  readonly type: bigint;
  readonly wires: fc.Arbitrary<Wire>;
  /** More often narrower than chance would have it, but not always. */
  readonly narrower: (value: ReadonlyMap<string, CborValue> | string) => fc.Arbitrary<CborValue>;
}

const GLOBS = [
  "",
  "*",
  "a",
  "a*",
  "ab*",
  "*b",
  "*ab",
  "*]",
  "*[ab]",
  "*b]",
  "a?",
  "[!a]*",
  "/data/*",
  "/data/a*",
  "**",
  "a/**/b",
  "[",
  "a**",
];
const TEXTS = [
  "",
  "a",
  "b",
  "ab",
  "x]",
  "/",
  "/data",
  "/data/a",
  "/Data/A/b",
  "C:\\data\\a",
  "10.1.2.3",
  "::1",
  "https://a.com/",
  "http://127.0.0.1/",
  "ls",
  "ls -l",
  "rm 'x y'",
];
const REGEXES = [
  "",
  "a",
  "^a$",
  "^a",
  "b|^$",
  "(?i)A",
  "[ab]+$",
  "^/data/",
  "\\d",
  "^\\w*$",
  "(",
  "(?=a)",
  "a{2}",
];
const NETWORKS = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.3",
  "10.5.6.7/8",
  "192.168.0.0/255.255.0.0",
  "::/0",
  "2001:db8::/32",
  "::1",
  "::ffff:10.0.0.0/104",
];
const SCHEMES = ["https", "https", "http", "*", "foo", "file"];
const HOSTS = [
  "a.com",
  "a.com",
  "*.a.com",
  "*.x.a.com",
  "x.a.com",
  "A.com",
  "b.com",
  "*",
  "127.0.0.1",
  "[::1]",
  "",
];
const PORTS = ["", "", "", ":443", ":80", ":8443"];
const PATHS = [
  "",
  "/",
  "/*",
  "/api",
  "/api/",
  "/api/*",
  "/api/x",
  "/api/x/*",
  "/[ab]",
  "/[ab]/x",
  "/a[/*",
  "/a[/]*",
  "/x/*/y",
  "/x/*/y/z",
  "/f*",
  "/**",
  "/a/../b",
];
const DOMAINS = [
  "a.com",
  "*.a.com",
  "x.a.com",
  "*.x.a.com",
  "b.com",
  "A.COM.",
  "127.0.0.1",
  "[::1]",
  "localhost",
  "*",
  "a.*.com",
];
const BLOCKS = ["block_private", "block_loopback", "block_metadata", "block_reserved", "block_internal_tlds"];
const ROOTS = [
  "/",
  "",
  "/data",
  "/data/",
  "/data/a",
  "/data/a/b",
  "/Data",
  "//data",
  "/data/../etc",
  "data",
  "C:\\",
  "C:\\data",
  "c:/data",
];
const COMMANDS = ["ls", "rm", "my cmd", "", "..", "/bin/ls"];
const TERMS = [
  "value == 'a'",
  "value != 'b'",
  "value.startsWith('a')",
  "size(value) < 3",
  "true",
  "value",
  "value == 'a b'",
  "value == 'a\u00a0b'",
  "value in ['a', 'ab']",
  "(",
  "value >",
  "value == 1",
  "'a' in value",
  "nope == 1 || true",
];
const RESTS = [
  "true",
  "value == 'a'",
  'value != "(" ',
  '"(" != "") || (")" != ""',
  "true) || (true",
  "true // )",
  "value == 'a' // x",
  "[1, 2].size() == 2",
];

export const list = <T>(each: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> =>
  fc.array(each, { maxLength });
export const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

export const value: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: pick(...TEXTS), weight: 4 },
  pick<Value>(0n, 1n, 5n, -1n, 2n ** 53n + 1n, 0, -0, 1, 5, 5.5, NaN, Infinity),
  pick<Value>(null, true, false, new Map([["a", 1n]]), new Map([["value", "a"]]), new Map()),
  list(pick<Value>("a", "b", "/data/a", "/etc", 1n, 1, NaN, null, ["a"])),
  fc.constant(NaN),
);

const struct = (
  type: number,
  fields: Readonly<Record<string, fc.Arbitrary<CborValue>>>,
): fc.Arbitrary<Wire> => fc.record(fields).map((made) => [BigInt(type), new Map(Object.entries(made))]);
const bare = (type: number, texts: fc.Arbitrary<CborValue>): fc.Arbitrary<Wire> =>
  texts.map((made) => [BigInt(type), made]);

/** The same with one field changed. */
const change =
  (name: string, how: (value: CborValue) => fc.Arbitrary<CborValue>): Kind["narrower"] =>
  (value) => {
    if (!isMap(value)) return fc.constant(value);
    return how(value.get(name)).map((changed) => new Map([...value, [name, changed]]));
  };
const fewer = (values: CborValue): fc.Arbitrary<CborValue> =>
  isArray(values) ? fc.subarray([...values]) : fc.constant(values);
const more =
  (each: fc.Arbitrary<CborValue>) =>
  (values: CborValue): fc.Arbitrary<CborValue> =>
    list(each, 2).map((added) => [...(isArray(values) ? values : []), ...added]);
const fewerOrSome =
  (each: fc.Arbitrary<CborValue>) =>
  (values: CborValue): fc.Arbitrary<CborValue> =>
    isArray(values) ? fewer(values) : list(each);
/** A star, or the end of the text, made longer by something. */
const longer = (text: CborValue): fc.Arbitrary<CborValue> =>
  pick("a", "b", "[ab]", "/x", "/*", "*", "?", "").map((put) => {
    if (typeof text !== "string") return text;
    if (text.startsWith("*")) return `*${put}${text.slice(1)}`;
    return text.endsWith("*") ? `${text.slice(0, -1)}${put}*` : text + put;
  });

const orNull = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ arbitrary: fc.constant(null), weight: 2 }, { arbitrary: each, weight: 1 });
const domains = orNull(list(fc.oneof(pick(...DOMAINS.slice(0, -2)), pick(...DOMAINS)), 2));
const glob = fc.string({ unit: pick("a", "b", "*", "?", "[", "]", "!", "/"), maxLength: 5 });
const flag = fc.boolean();
const bound = fc.option(pick(-1, 0, 1, 5, 5.5));
const url = fc
  .tuple(pick(...SCHEMES), pick(...HOSTS), pick(...PORTS), pick(...PATHS))
  .map(([scheme, host, port, path]) => `${scheme}://${host}${port}${path}`);

export const LEAVES: readonly Kind[] = [
  { name: "Exact", type: 1n, wires: struct(1, { value }), narrower: fc.constant },
  {
    name: "Pattern",
    type: 2n,
    wires: struct(2, { pattern: fc.oneof(pick(...GLOBS, ...TEXTS), glob) }),
    narrower: change("pattern", longer),
  },
  {
    name: "Range",
    type: 3n,
    wires: struct(3, { min: bound, max: bound, min_inclusive: flag, max_inclusive: flag }),
    narrower: change("min", (min) => pick(5.5, 5, min)),
  },
  { name: "OneOf", type: 4n, wires: struct(4, { values: list(value) }), narrower: change("values", fewer) },
  { name: "Regex", type: 5n, wires: struct(5, { pattern: pick(...REGEXES) }), narrower: fc.constant },
  {
    name: "NotOneOf",
    type: 7n,
    wires: struct(7, { excluded: list(value) }),
    narrower: change("excluded", more(value)),
  },
  { name: "Cidr", type: 8n, wires: bare(8, pick(...NETWORKS)), narrower: () => pick(...NETWORKS) },
  {
    name: "UrlPattern",
    type: 9n,
    wires: bare(9, url),
    narrower: (text) =>
      fc.tuple(longer(text as string), fc.nat(3)).map(([made, how]) => {
        const texts = [
          made,
          String(text).replace("*.", "x."),
          String(text).replace("*://", "https://"),
          text,
        ];
        return texts[how] as string;
      }),
  },
  {
    name: "Contains",
    type: 10n,
    wires: struct(10, { required: list(value, 2) }),
    narrower: change("required", more(value)),
  },
  {
    name: "Subset",
    type: 11n,
    wires: struct(11, { allowed: list(value) }),
    narrower: change("allowed", fewer),
  },
  {
    name: "Cel",
    type: 15n,
    wires: struct(15, { expression: pick(...TERMS), parent_expression: fc.constant(null) }),
    narrower: change("expression", (text) => pick(...RESTS).map((rest) => `(${text}) && (${rest})`)),
  },
  { name: "Wildcard", type: 16n, wires: fc.constant<Wire>([16n, null]), narrower: fc.constant },
  {
    name: "Subpath",
    type: 17n,
    wires: struct(17, { root: pick(...ROOTS), case_sensitive: flag, allow_equal: flag }),
    narrower: change("root", (root) =>
      pick("", "/", "/a", "/A/b", "/../etc", "\\a").map((end) => `${root}${end}`),
    ),
  },
  {
    name: "UrlSafe",
    type: 18n,
    wires: struct(18, {
      schemes: list(pick("https", "http", "HTTP", "foo")),
      allow_domains: domains,
      deny_domains: domains,
      allow_ports: orNull(list(pick(80n, 443n, 8443n))),
      ...Object.fromEntries(BLOCKS.map((block) => [block, flag])),
    }),
    narrower: (value) =>
      fc.oneof(
        change("schemes", fewer)(value),
        change("allow_domains", fewerOrSome(pick(...DOMAINS)))(value),
        change("deny_domains", more(pick(...DOMAINS)))(value),
        change("allow_ports", fewerOrSome(pick(80n, 443n)))(value),
        pick(...BLOCKS).chain((block) => change(block, () => flag)(value)),
      ),
  },
  {
    name: "Shlex",
    type: 128n,
    wires: struct(128, { allow: list(pick(...COMMANDS)) }),
    narrower: change("allow", fewer),
  },
  {
    name: "Unknown",
    type: 99n,
    wires: fc.tuple(pick(6n, 19n, 99n, 129n, 255n), pick<CborValue>(null, 1n, "a", Buffer.of(1), [1n])),
    narrower: fc.constant,
  },
];
