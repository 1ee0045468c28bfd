import { decode } from "../src/cbor/decode.ts";
import { encode } from "../src/cbor/encode.ts";
import type { CborValue } from "../src/cbor/value.ts";
import { generateSigningKey, signMessage, verifySignature } from "../src/crypto/ed25519.ts";
import { Evaluation } from "../src/evaluation.ts";
import type { Value } from "../src/value.ts";
import { parseConstraint } from "../src/warrant/constraint/index.ts";
import { MAX_CONSTRAINT_MEMBERS } from "../src/warrant/limits.ts";
import { orTooCostly } from "../test/support/or-too-costly.ts";
import { print, ROUNDS, struct, times } from "./common.ts";
import { spreadOf } from "./measure/statistics.ts";

// What the worst input we know of costs, for each kind of constraint, up to the size a whole warrant may have; medians.
// Each round reads the constraint anew, so that compiling counts. The unit is one Ed25519 verification in the same run.

const SIZE = 65_000;
/** With the composite itself, as many constraints as are read in one go. */
const MEMBERS = MAX_CONSTRAINT_MEMBERS - 1;

interface Case {
  readonly name: string;
  readonly constraint: CborValue;
  readonly argument: Value;
}

const integers = times(SIZE / 5, (i) => BigInt(i + 100_000));
const letters = "a".repeat(SIZE);

const CASES: readonly Case[] = [
  { name: "Exact: a long list", constraint: struct(1, { value: integers }), argument: [...integers] },
  {
    name: "Pattern: long piece after a star",
    constraint: struct(2, { pattern: `*${"a".repeat(SIZE / 2)}b*` }),
    argument: letters,
  },
  {
    name: "Pattern: many stars",
    constraint: struct(2, { pattern: `${"*a".repeat(SIZE / 5)}*b` }),
    argument: letters,
  },
  {
    name: "Pattern: a huge set",
    constraint: struct(2, { pattern: `*[${"b-c".repeat(SIZE / 8)}]c*` }),
    argument: letters,
  },
  {
    name: "Pattern: components",
    constraint: struct(2, { pattern: `${"**/a/".repeat(SIZE / 14)}b` }),
    argument: "a/".repeat(SIZE / 2),
  },
  {
    name: "OneOf: a long list in a long list",
    constraint: struct(4, { values: times(SIZE / 5, () => integers.slice(0, 3)) }),
    argument: integers,
  },
  {
    name: "NotOneOf: a long text",
    constraint: struct(7, { excluded: times(SIZE / 4, (i) => `${i}`) }),
    argument: letters,
  },
  {
    name: "Regex: nested repetition",
    constraint: struct(5, { pattern: "(a*)*(a*)*(a*)*b" }),
    argument: letters,
  },
  {
    name: "Regex: counted repetition",
    constraint: struct(5, { pattern: "(a?){900}a{900}$" }),
    argument: letters,
  },
  {
    name: "Regex: a long alternation",
    constraint: struct(5, { pattern: times(SIZE / 8, (i) => `a*b${i}`).join("|") }),
    argument: letters,
  },
  {
    name: "Regex: many Unicode classes",
    constraint: struct(5, { pattern: `^(${"\\pL".repeat(SIZE / 3 - 2)})` }),
    argument: letters,
  },
  {
    name: "Regex: an email address",
    constraint: struct(5, { pattern: "^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$" }),
    argument: letters,
  },
  { name: "Cidr: a long text", constraint: [8n, "10.0.0.0/8"], argument: "1".repeat(SIZE) },
  { name: "Cidr: colons", constraint: [8n, "::/0"], argument: "0:".repeat(SIZE / 2) },
  {
    name: "UrlPattern: a long path",
    constraint: [9n, `https://a.com/${"*a".repeat(SIZE / 2 - 10)}`],
    argument: `https://a.com/${letters}`,
  },
  {
    name: "UrlPattern: a long host",
    constraint: [9n, "https://*.a.com/*"],
    argument: `https://${"xn--".repeat(SIZE / 4)}.com/`,
  },
  {
    name: "UrlPattern: a host to be mapped",
    constraint: [9n, "https://*.a.com/*"],
    argument: `https://${"ü.".repeat(SIZE / 3)}com/`,
  },
  {
    name: "UrlPattern: a host of a thousand letters",
    constraint: [9n, "https://*.a.com/*"],
    argument: `https://${times(1000, (i) => String.fromCharCode(0x4e00 + i)).join("")}/`,
  },
  {
    name: "UrlPattern: nothing but wildcards",
    constraint: [9n, `https://a.com/${"*.".repeat(SIZE / 2 - 10)}`],
    argument: `https://a.com/${letters}`,
  },
  {
    name: "Contains: long lists",
    constraint: struct(10, { required: integers }),
    argument: [...integers].reverse(),
  },
  {
    name: "Subset: long lists",
    constraint: struct(11, { allowed: integers }),
    argument: [...integers].reverse(),
  },
  {
    name: "All: many globs",
    constraint: struct(12, { constraints: times(MEMBERS, () => struct(2, { pattern: "*a" })) }),
    argument: letters,
  },
  {
    name: "Any: many globs",
    constraint: struct(13, { constraints: times(MEMBERS, () => struct(2, { pattern: "*b" })) }),
    argument: letters,
  },
  { name: "Not: as deep as it goes", constraint: nested(32), argument: letters },
  {
    name: "Cel: nested macros",
    constraint: struct(15, { expression: "value.all(a, value.all(b, value.all(c, a + b + c >= 0)))" }),
    argument: integers,
  },
  {
    name: "Cel: a doubling text",
    constraint: struct(15, {
      expression: `${"[".repeat(0)}${times(24, () => "[value, value].map(value, value + value)[0]").join(" + ")} == ''`,
    }),
    argument: letters,
  },
  {
    name: "Cel: a long chain",
    constraint: struct(15, { expression: times(SIZE / 15, () => "value == 'b'").join("||") }),
    argument: letters,
  },
  {
    name: "Cel: parentheses",
    constraint: struct(15, { expression: `${"(".repeat(SIZE / 2)}true${")".repeat(SIZE / 2)}` }),
    argument: "a",
  },
  {
    name: "Cel: a regex",
    constraint: struct(15, { expression: "value.matches('(a*)*(a*)*b')" }),
    argument: letters,
  },
  {
    name: "Subpath: many segments",
    constraint: struct(17, { root: "/data" }),
    argument: "/a".repeat(SIZE / 2),
  },
  {
    name: "Subpath: going up",
    constraint: struct(17, { root: "/data" }),
    argument: "/a/..".repeat(SIZE / 5),
  },
  {
    name: "Subpath: a list of paths",
    constraint: struct(17, { root: "/data" }),
    argument: times(SIZE / 8, () => "/data/a"),
  },
  {
    name: "UrlSafe: a long host",
    constraint: struct(18, {}),
    argument: `http://${"a.".repeat(SIZE / 2)}com/`,
  },
  {
    name: "UrlSafe: many domains",
    constraint: struct(18, { allow_domains: times(SIZE / 12, (i) => `*.${i}.com`) }),
    argument: `http://${"a.".repeat(100)}com/`,
  },
  {
    name: "UrlSafe: domains to be mapped",
    constraint: struct(18, {
      allow_domains: times(SIZE / 400, (i) =>
        times(130, (j) => String.fromCharCode(0x4e00 + i + j)).join(""),
      ),
    }),
    argument: "http://a.com/",
  },
  {
    name: "UrlSafe: a deep domain below a deep one",
    constraint: struct(18, { allow_domains: [`*.${"a.".repeat(500)}a`] }),
    argument: `http://${"b.".repeat(499)}a/`,
  },
  {
    name: "Shlex: many words",
    constraint: struct(128, { allow: ["ls"] }),
    argument: `ls ${"a ".repeat(SIZE / 2)}`,
  },
  {
    name: "Shlex: many quotes",
    constraint: struct(128, { allow: times(SIZE / 4, (i) => `${i}`) }),
    argument: `ls ${"''\"\"".repeat(SIZE / 4)}`,
  },
];

function nested(depth: number): CborValue {
  const inner = depth === 1 ? struct(2, { pattern: "*b" }) : nested(depth - 1);
  return struct(14, { constraint: inner });
}

function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

interface Round {
  /** Milliseconds of reading the constraint from its bytes, and of judging the argument. */
  readonly reading: number;
  readonly judging: number;
  readonly verdict: string;
}

function run(bytes: Uint8Array, argument: Value): Round {
  const start = performance.now();
  const constraint = parseConstraint(decode(bytes));
  const read = performance.now();
  const verdict = orTooCostly(() => constraint.matches(argument, new Evaluation(0)));
  return { reading: read - start, judging: performance.now() - read, verdict };
}

const key = generateSigningKey();
const message = Buffer.alloc(200);
const signature = signMessage(key, message);
const { median: unit } = spreadOf(
  times(200, () => milliseconds(() => verifySignature(key.publicKey, message, signature))),
);
print(`one Ed25519 verification: ${(unit * 1000).toFixed(0)} µs\n`);
print("| worst input | verdict | read, ms | judged, ms | judged, in verifications | the first time, ms |");
print("|---|---|---:|---:|---:|---:|");
for (const { name, constraint, argument } of CASES) {
  const bytes = encode(constraint);
  const rounds = times(ROUNDS, () => run(bytes, argument));
  const [first] = rounds as [Round];
  const { median: reading } = spreadOf(rounds.map((round) => round.reading));
  const { median: judging } = spreadOf(rounds.map((round) => round.judging));
  const numbers = [
    reading.toFixed(2),
    judging.toFixed(2),
    (judging / unit).toFixed(0),
    first.judging.toFixed(2),
  ];
  print(`| ${[name, first.verdict, ...numbers].join(" | ")} |`);
}
