// Texts put together at random from the parts that their readers tell apart.
import type { Random } from "./random.ts";

/** Up to `most` parts in a row. */
function row(random: Random, most: number, parts: readonly string[]): string {
  return Array.from({ length: random.below(most + 1) }, () => random.pick(parts)).join("");
}

const GLOB_PARTS = [
  "*",
  "*",
  "?",
  "**",
  "/",
  "/**/",
  "a",
  "b",
  "c",
  "[ab]",
  "[!a]",
  "[a-c]",
  "[!-a]",
  "]",
  "-",
  "é",
];
const GLOB_ODDITIES = ["[", "[]", "[!", "\\", "{a,b}", "[c-a]", "[]a]", "[^a]", "***"];

export function glob(random: Random): string {
  return row(random, 5, random.chance(0.85) ? GLOB_PARTS : [...GLOB_PARTS, ...GLOB_ODDITIES]);
}

const LETTERS = ["a", "a", "b", "c", "/", "-", "]", "é", ".", "\n", "1", "A", "😀", " "];

export function letters(random: Random): string {
  return row(random, 6, LETTERS);
}

const ATOMS = [
  ...[
    "a",
    "b",
    "c",
    "é",
    ".",
    "1",
    "\\d",
    "\\w",
    "\\s",
    "\\D",
    "\\W",
    "\\S",
    "\\b",
    "\\B",
    "^",
    "$",
    "\\A",
    "\\z",
  ],
  ...[
    "[a-c]",
    "[^a]",
    "[\\w&&[^b]]",
    "[a-c--b]",
    "[[:digit:]]",
    "[[:^alpha:]]",
    "[]a]",
    "[a-]",
    "\\pL",
    "\\p{Lu}",
  ],
  ...["\\.", "\\/", "\\x41", "\\u00e9", "\\x{1F600}", "(?i)", "(?s)", "(?m)", "(?x) #c\n", "]", "}"],
];
const REGEX_ODDITIES = [
  "(?=a)",
  "\\1",
  "(?<!a)",
  "{",
  "[",
  "(",
  "*",
  "\\Z",
  "\\h",
  "(?>a)",
  "\\Qa\\E",
  "[b-a]",
  "\\e",
];
const QUANTIFIERS = ["", "", "", "", "*", "+", "?", "{2}", "{1,2}", "{0}", "{2,}", "*?", "+?", "??"];

export function regex(random: Random, level = 0): string {
  const branches = Array.from({ length: random.pick([1, 1, 1, 2]) }, () => {
    const atoms = Array.from({ length: 1 + random.below(3) }, () => regexAtom(random, level));
    return atoms.join("");
  });
  return branches.join("|");
}

function regexAtom(random: Random, level: number): string {
  if (random.chance(0.015)) return random.pick(REGEX_ODDITIES);
  const open = random.pick(["(", "(?:", "(?i:", "(?P<n>", "(?s-i:"]);
  const atom = level < 2 && random.chance(0.2) ? `${open}${regex(random, level + 1)})` : random.pick(ATOMS);
  return atom + random.pick(QUANTIFIERS);
}

const CEL_TEXTS = [
  "value",
  "value",
  "'a'",
  "'/data'",
  "'é'",
  "''",
  "string(1)",
  "value + 'a'",
  "('a' + 'b')",
];
const CEL_NUMBERS = [
  "1",
  "2",
  "0",
  "-1",
  "1.5",
  "size(value)",
  "int('5')",
  "10 % 3",
  "7 / 2",
  "2u",
  "double(3)",
  "value",
];
const CEL_LISTS = ["['a', '/data']", "[]", "[1, 2.0]", "[value]"];

/** An expression that is a truth value, or an error. */
export function cel(random: Random, level = 0): string {
  const [text, number, list] = [CEL_TEXTS, CEL_NUMBERS, CEL_LISTS].map((parts) => () => random.pick(parts));
  if (text === undefined || number === undefined || list === undefined) return "true";
  const choice = random.below(level < 2 ? 13 : 9);
  if (choice < 2) return `${text()} ${random.pick(["==", "!=", "<", ">="])} ${text()}`;
  if (choice < 4) return `${number()} ${random.pick(["==", "!=", "<", "<=", ">", ">="])} ${number()}`;
  if (choice < 6)
    return `${text()}.${random.pick(["startsWith", "endsWith", "contains", "matches"])}(${text()})`;
  if (choice === 6) return `${text()} in ${list()}`;
  if (choice === 7) return `${list()}.${random.pick(["exists", "all", "exists_one"])}(x, x == ${text()})`;
  if (choice === 8)
    return random.pick(["true", "false", "value", "nope", "has(value.k)", "type(value) == string"]);
  const inner = () => cel(random, level + 1);
  if (choice === 9) return `!(${inner()})`;
  if (choice === 10) return `(${inner()}) ? (${inner()}) : (${inner()})`;
  return `(${inner()}) ${random.pick(["&&", "||"])} (${inner()})`;
}

const SCHEMES = [
  "https://",
  "https://",
  "http://",
  "HTTPS://",
  "ftp://",
  "foo://",
  "https:/",
  "https:",
  "//",
  "",
];
const USERS = ["", "", "", "", "user@", "user:pw@", "example.com@", "%40@"];
const HOSTS = [
  ...[
    "example.com",
    "example.com",
    "api.example.com",
    "a.b.example.com",
    "EXAMPLE.com",
    "example.com.",
    "xexample.com",
  ],
  ...[
    "localhost",
    "x.localhost",
    "db.internal",
    "evil.net",
    "exa%6dple.com",
    "ｅxample.com",
    "bücher.example",
    "[::1]",
  ],
  ...[
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "017700000001",
    "2130706433",
    "10.0.0.1",
    "192.168.1.1",
    "0.0.0.0",
    "[::]",
  ],
  ...[
    "[::ffff:127.0.0.1]",
    "[fd00::1]",
    "[64:ff9b::a00:1]",
    "[2002:a00:1::]",
    "[fe80::1]",
    "169.254.169.254",
    "1.2.3.4.5",
  ],
  ...[
    "100.100.100.200",
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "8.8.8.8",
    "metadata.google.internal",
    "01.02.03.04",
    "",
  ],
];
const PORTS = ["", "", "", ":443", ":80", ":8443", ":0", ":", ":65536", ":x"];
const SEGMENTS = [
  "/",
  "/v1",
  "/v1/",
  "/x",
  "/..",
  "/.",
  "/%2e%2e",
  "/a b",
  "/é",
  "\\x",
  "//",
  "/..%2f",
  "?q=/v1",
  "#/v1",
  "/*",
];

export function url(random: Random): string {
  const start = random.pick(SCHEMES) + random.pick(USERS) + random.pick(HOSTS) + random.pick(PORTS);
  return start + row(random, 3, SEGMENTS);
}

const HOST_PATTERNS = [
  "example.com",
  "*.example.com",
  "api.example.com",
  "*.b.example.com",
  "localhost",
  "10.0.0.1",
  "[::1]",
  "*.a.*.com",
  "*",
];
const PATH_PATTERNS = [
  "",
  "/",
  "/*",
  "/v1",
  "/v1/*",
  "/v1/",
  "/*/x",
  "/[v]1",
  "/v?",
  "/**",
  "/v1/../x",
  "/a[",
  "/é/*",
];

export function urlPattern(random: Random): string {
  const scheme = random.pick(["https://", "https://", "*://", "http://", "foo://", "HTTPS://"]);
  const port = random.pick(["", "", "", ":8443", ":443", ":80"]);
  return scheme + random.pick(HOST_PATTERNS) + port + random.pick(PATH_PATTERNS);
}

const OCTETS = ["0", "1", "10", "127", "192", "255", "256", "08", ""];
const GROUPS = ["", "", "0", "1", "fd00", "2001", "db8", "ffff", "10.0.0.1", "g"];

export function address(random: Random): string {
  if (random.chance(0.5)) {
    const count = random.chance(0.9) ? 4 : random.pick([3, 5]);
    return Array.from({ length: count }, () =>
      random.pick(random.chance(0.9) ? OCTETS.slice(0, 6) : OCTETS),
    ).join(".");
  }
  return Array.from({ length: 3 + random.below(6) }, () => random.pick(GROUPS)).join(":");
}

const V4_PREFIXES = ["", "/8", "/16", "/30", "/32", "/0", "/255.0.0.0", "/08"];
const V6_NETWORKS = [
  "::/0",
  "fd00::/8",
  "2001:db8::/29",
  "2001:DB8:0:0::1",
  "::ffff:10.0.0.1/104",
  "::10.0.0.1/128",
  "1::/1",
];

/** Nearly always one that can be read, as the whole warrant can't if it isn't. */
export function network(random: Random): string {
  if (random.chance(0.05)) return address(random) + random.pick(["/33", "/129", "/", "/1/1", "/-1"]);
  if (random.chance(0.3)) return random.pick(V6_NETWORKS);
  const octets = Array.from({ length: 4 }, () => random.pick(OCTETS.slice(0, 6)));
  return octets.join(".") + random.pick(V4_PREFIXES);
}

const WORDS = [
  ...[
    "ls",
    "ls",
    "cat",
    "git",
    " ",
    " ",
    " ",
    "  ",
    "'",
    '"',
    "\\",
    "-la",
    "a;b",
    "|",
    "&&",
    ";",
    ">",
    "<",
    "(",
    ")",
    "&",
  ],
  ...["$", "$(id)", "`", "#", "~", "*", "\t", "\n", "\u00a0", "..", "/", "=", "{a,b}", "\r", "\u0000", "é"],
];

export function command(random: Random): string {
  return random.pick(["ls ", "ls", "cat ", "", " "]) + row(random, 4, WORDS);
}

const PATH_SEGMENTS = [
  "/",
  "/",
  "/data",
  "/data",
  "/a",
  "/b",
  "/..",
  "/.",
  "\\",
  "\\..",
  "/Data",
  "//",
  "/ ",
  "/%2e%2e",
  "/...",
  "é",
  "İ",
];

export function path(random: Random): string {
  return random.pick(["", "", "", "C:", "c:", "data", "~"]) + row(random, 5, PATH_SEGMENTS);
}
