import { type CborValue, isArray, isMap } from "../../src/cbor/value.ts";
import type { Value } from "../../src/value.ts";
import type { Wire } from "./arbitrary-leaf.ts";

const ALWAYS: readonly Value[] = [
  "",
  "a",
  "ab",
  null,
  1n,
  1,
  [],
  ["a"],
  new Map([["a", 1n]]),
  "https://a.com/",
  "10.1.2.3",
  "ls",
];

const URL_SAFE = 18n;
/** One for each flag of a UrlSafe, in a scheme that most of them allow. */
const BLOCKED: readonly Value[] = [
  "10.0.0.1",
  "127.0.0.1",
  "169.254.169.254",
  "192.0.2.1",
  "x.internal",
].flatMap((host) => [`http://${host}/`, `https://${host}/`]);

/** Arguments that the constraints are about: what is written in them, and what is near it. */
export function probesOf(...wires: readonly Wire[]): Value[] {
  const probes: Value[] = [...ALWAYS];
  const visit = (value: CborValue): void => {
    if (typeof value === "string") probes.push(...around(value));
    else if (typeof value === "number")
      probes.push(value, value + 1, value - 1, BigInt(Math.floor(Number.isFinite(value) ? value : 0)));
    else if (typeof value === "bigint") probes.push(value, value + 1n, Number(value));
    else if (isArray(value)) {
      const own = value.filter(isValue);
      probes.push(own, own.slice(1), [...own, "a"]);
      value.forEach(visit);
    } else if (isMap(value)) {
      const members = [...value].filter((member): member is [string, Value] => isValue(member[1]));
      probes.push(new Map(members));
      for (const member of value.values()) visit(member);
    }
  };
  for (const [type, value] of wires) {
    if (type === URL_SAFE) probes.push(...BLOCKED);
    visit(value);
  }
  return probes;
}

function isValue(value: CborValue): value is Value {
  if (isArray(value)) return value.every(isValue);
  if (isMap(value)) return [...value].every(([key, member]) => typeof key === "string" && isValue(member));
  return value !== undefined && !(value instanceof Uint8Array);
}

function around(text: string): readonly Value[] {
  const filled = ["", "a", "x/y", "]"].map((fill) => text.replaceAll("*", fill));
  const hosts = [text.replace("*://", "foo://"), text.replace("*://", "https://"), text].flatMap((each) => [
    each.replace("://*.", "://").replaceAll("*", ""),
    each.replaceAll("*", "x"),
  ]);
  const member = text.replaceAll(/\[!?(.)[^\]]*\]/gu, "$1");
  const bare = text.replaceAll("*", "x");
  const address = text.split("/")[0] ?? "";
  const texts = [
    text,
    ...filled,
    ...hosts,
    ...hosts.flatMap((each) => [`${each}/x`, each.toUpperCase(), `${each}:8443/`]),
    member,
    member.replaceAll("*", "b"),
    ...[`https://${bare.replace("x.", "")}/`, `http://${bare}:80/api`, `foo://${bare}/x`],
    address,
    `${text}/a`,
    `${text}/../b`,
    `${text}\\x`,
    `${text} -l`,
    `${text}; ls`,
    text.toLowerCase(),
    text.slice(1, -1),
  ];
  return [...texts, [text], [`${text}/a`]];
}
