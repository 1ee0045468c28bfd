import assert from "node:assert/strict";
import fc from "fast-check";
import type { CborValue } from "../../src/cbor/value.ts";
import { type SigningKey, signingKeyFromSeed } from "../../src/crypto/ed25519.ts";
import type { Arguments, Value } from "../../src/value.ts";
import { parseConstraint } from "../../src/warrant/constraint/index.ts";
import { Malformed } from "../../src/warrant/malformed.ts";
import { constraint, narrowing } from "./arbitrary-constraint.ts";
import type { Wire } from "./arbitrary-leaf.ts";
import { matches, permits } from "./judge.ts";
import { probesOf } from "./probes.ts";
import type { RawLink } from "./raw-chain.ts";

export const NOW = 1_700_000_000;
export const MOST_LINKS = 6;
/** The root's key, then the holder of each link. */
const keys = Array.from({ length: MOST_LINKS + 1 }, (_, i) => signingKeyFromSeed(Buffer.alloc(32, i + 1)));

export function keyOf(index: number): SigningKey {
  const key = keys[index];
  assert.ok(key !== undefined);
  return key;
}

export interface Rights {
  readonly constraints: ReadonlyMap<string, Wire>;
  readonly allowUnknown: boolean;
}

/** What one link grants, or for an issuer may grant. */
export interface Link {
  readonly tools: ReadonlyMap<string, Rights>;
  readonly isIssuer: boolean;
  /** Of an issuer: what every tool has to narrow. */
  readonly bounds: Rights | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly maxDepth: number;
  readonly clearance: number | undefined;
}

const TOOLS = ["read", "write", "*"];
const ARGUMENTS = ["a", "b"];
const WILDCARD: Wire = [16n, null];

function readable(wire: Wire): boolean {
  try {
    return parseConstraint(wire) !== undefined;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** `usual`, and once in `times` the other. */
const rarely = <T>(times: number, other: fc.Arbitrary<T>, usual: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: other, weight: 1 }, { arbitrary: usual, weight: times - 1 });
const upTo = (max: number): fc.Arbitrary<number> => fc.nat({ max });

/** Of several the first that is narrower, as far as we can tell: chains of random links would hardly ever hold. */
function narrowed(wire: Wire): fc.Arbitrary<Wire> {
  const parent = parseConstraint(wire);
  const drawn = fc.array(narrowing(wire), { minLength: 2, maxLength: 2 });
  return drawn.map((wires) => {
    const children = [...wires.filter(readable), wire];
    return children.find((child) => permits(parent, parseConstraint(child))) ?? wire;
  });
}

const readableConstraint = constraint.map((wire) => (readable(wire) ? wire : WILDCARD));
const lastingConstraint = readableConstraint.map((wire) =>
  permits(parseConstraint(wire), parseConstraint(wire)) ? wire : WILDCARD,
);
const rootConstraint = rarely(8, readableConstraint, lastingConstraint);

const anyRights: fc.Arbitrary<Rights> = fc
  .tuple(fc.subarray(ARGUMENTS), rootConstraint, rootConstraint, fc.boolean())
  .map(([names, a, b, allowUnknown]) => ({
    constraints: new Map(names.map((name, i) => [name, i === 0 ? a : b])),
    allowUnknown,
  }));

/** Mostly the same or less. */
function fewerRights({ constraints, allowUnknown }: Rights): fc.Arbitrary<Rights> {
  const wires = [...constraints].map(([name, wire]) =>
    rarely(30, rootConstraint, narrowed(wire)).map((made) => [name, made] as const),
  );
  const flag = rarely(60, fc.constant(true), allowUnknown ? fc.boolean() : fc.constant(false));
  const fewer = fc.tuple(fc.tuple(...wires), flag).map(
    ([made, unknown]): Rights => ({
      constraints: new Map(made),
      allowUnknown: unknown,
    }),
  );
  return rarely(constraints.size === 0 ? 3 : 40, anyRights, fewer);
}

const firstLink: fc.Arbitrary<Link> = fc.record({
  tools: fc
    .tuple(fc.subarray(TOOLS, { minLength: 1 }), anyRights, anyRights, anyRights)
    .map(([names, ...rights]) => new Map(names.map((name, i) => [name, rights[i] as Rights]))),
  isIssuer: rarely(4, fc.constant(true), fc.constant(false)),
  bounds: rarely(2, anyRights, fc.constant(undefined)),
  issuedAt: upTo(100).map((ago) => NOW - ago),
  expiresAt: upTo(600).map((left) => NOW + 1 + left),
  maxDepth: fc.integer({ min: 3, max: 16 }),
  clearance: rarely(2, upTo(9), fc.constant(undefined)),
});

function nextLink(parent: Link): fc.Arbitrary<Link> {
  const bounds = parent.isIssuer ? parent.bounds : undefined;
  const unnamed = TOOLS.filter((tool) => !parent.tools.has(tool));
  const entries = [...parent.tools].map(([name, rights]) =>
    fc.tuple(
      name === "*" ? fc.constantFrom("*", ...unnamed) : fc.constant(name),
      parent.isIssuer && bounds === undefined ? anyRights : fewerRights(bounds ?? rights),
    ),
  );
  const names = [...parent.tools.keys()];
  const keep = rarely(3, fc.subarray(names, { minLength: Math.min(1, names.length) }), fc.constant(names));
  const kept = fc
    .tuple(fc.tuple(...entries), keep)
    .map(([all, some]) => all.filter((_, i) => some.includes(names[i] ?? "")));
  const added = rarely(60, fc.tuple(fc.constant("*"), anyRights), fc.constant(undefined));
  return fc.record({
    tools: fc.tuple(kept, added).map(([all, more]) => new Map(more === undefined ? all : [...all, more])),
    isIssuer: parent.isIssuer ? fc.boolean() : fc.constant(false),
    bounds: bounds === undefined ? fc.constant(undefined) : fewerRights(bounds),
    issuedAt: rarely(60, upTo(100), fc.constant(undefined)).map((ago) =>
      ago === undefined ? parent.issuedAt : NOW - ago,
    ),
    expiresAt: rarely(
      60,
      upTo(600).map((left) => NOW + left),
      fc.constant(parent.expiresAt),
    ),
    maxDepth: rarely(60, upTo(16), fc.constant(parent.maxDepth)),
    clearance: rarely(30, upTo(9), fc.constant(parent.clearance)),
  });
}

function linksBelow(parent: Link, count: number): fc.Arbitrary<readonly Link[]> {
  if (count === 0) return fc.constant([]);
  return nextLink(parent).chain((link) => linksBelow(link, count - 1).map((below) => [link, ...below]));
}

export const chain: fc.Arbitrary<readonly Link[]> = fc
  .tuple(firstLink, fc.integer({ min: 1, max: MOST_LINKS - 1 }))
  .chain(([first, count]) => linksBelow(first, count).map((below) => [first, ...below]));

export interface Asked {
  readonly tool: string;
  readonly args: Arguments;
  readonly requiredClearance: number;
}

/** A call that the link is likely to allow. */
export function callUnder({ tools, clearance }: Link): fc.Arbitrary<Asked> {
  const tool = fc.constantFrom("read", ...tools.keys());
  return tool.chain((name) => {
    const { constraints = new Map<string, Wire>(), allowUnknown = true } = tools.get(name) ?? {};
    const args = [...constraints].map(([argument, wire]) => {
      const probes = probesOf(wire);
      const matching = probes.filter((probe) => matches(parseConstraint(wire), probe) === "match");
      const usual = fc.constantFrom(...(matching.length > 0 ? matching : probes));
      return fc.tuple(fc.constant(argument), rarely(20, fc.constantFrom(...probes), usual));
    });
    const more = rarely(20, fc.constant(true), fc.constant(allowUnknown || constraints.size === 0));
    return fc.record({
      tool: name === "*" ? fc.constantFrom("read", "write", "any") : fc.constant(name),
      args: fc.tuple(fc.tuple(...args), more).map(([made, isMore]) => {
        const named: [string, Value][] = isMore ? [["more", "a"]] : [];
        return new Map([...made, ...named]);
      }),
      requiredClearance: rarely(10, upTo(9), fc.constant(clearance ?? 0)),
    });
  });
}

function rightsToCbor({ constraints, allowUnknown }: Rights): CborValue {
  const members: [string, CborValue][] = [["constraints", constraints]];
  return new Map(allowUnknown ? [...members, ["allow_unknown", true]] : members);
}

export function toRaw(link: Link, index: number): RawLink {
  const { tools, isIssuer, bounds, clearance } = link;
  const rights: RawLink["fields"] = isIssuer
    ? {
        type: 1n,
        issuableTools: [...tools.keys()],
        ...(bounds === undefined ? {} : { constraintBounds: rightsToCbor(bounds) }),
      }
    : { tools: new Map([...tools].map(([name, each]) => [name, rightsToCbor(each)])) };
  return {
    signer: keyOf(index),
    holder: keyOf(index + 1),
    fields: {
      ...rights,
      issuedAt: BigInt(link.issuedAt),
      expiresAt: BigInt(link.expiresAt),
      maxDepth: BigInt(link.maxDepth),
      ...(clearance === undefined ? {} : { clearance: BigInt(clearance) }),
    },
  };
}
