import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../src/cbor/decode.ts";
import { encode } from "../../src/cbor/encode.ts";
import type { CborValue } from "../../src/cbor/value.ts";
import type { Policy } from "../../src/decision/authorize.ts";
import { createMemory } from "../../src/decision/memory.ts";
import type { HttpRequest } from "../../src/gateway/request.ts";
import { isList, isObject, type Value } from "../../src/value.ts";
import type { Trust } from "../../src/warrant/chain.ts";
import { encodeHeader } from "../../src/warrant/header.ts";
import { packIds } from "../../src/warrant/packed-ids.ts";
import { signProof } from "../../src/warrant/proof.ts";
import type { Warrant } from "../../src/warrant/warrant.ts";
import { bodyOf } from "../differential/judge.ts";
import { type Asked, callUnder, chain, keyOf, type Link, NOW, toRaw } from "../support/arbitrary-chain.ts";
import { decide, policyOf, postOf, verdictOn } from "../support/decide.ts";
import { type RawChain, rawChain } from "../support/raw-chain.ts";
import { runs } from "./runs.ts";

const argument = (name: string): string => `${name}: {from: body, path: ${name}}`;
const GATEWAY = `
version: 2
settings: {}
tools: {read: {}, write: {}, any: {}}
routes:
${["read", "write", "any"]
  .map(
    (tool) =>
      `  - {pattern: /${tool}, method: POST, tool: ${tool}, constraints: {${argument("a")}, ${argument("b")}, ${argument("more")}}}`,
  )
  .join("\n")}
`;
const trust: Trust = { roots: new Set([keyOf(0).publicKey.hex]), clockToleranceSeconds: 30 };
const usual = policyOf(GATEWAY, trust);

/** Chains of one run, and a call that the leaf of each is likely to allow. */
interface Known {
  readonly raw: RawChain;
  readonly links: number;
  readonly asked: Asked;
}

const known: fc.Arbitrary<Known> = chain
  .chain((links) => fc.tuple(fc.constant(links), callUnder(links.at(-1) as Link)))
  .filter(([, { args }]) => isInJson(args))
  .map(([links, asked]) => ({ raw: rawChain(links.map(toRaw), NOW), links: links.length, asked }));

function isInJson(value: Value): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (isList(value)) return value.every(isInJson);
  return !isObject(value) || [...value.values()].every(isInJson);
}

/** What may be done to the text of a warrant header; each gets a number to choose a place by. */
const SPELLINGS: Readonly<Record<string, (text: string, at: number) => string>> = {
  asItIs: (text) => text,
  base64: (text) => Buffer.from(text, "base64url").toString("base64"),
  spaced: (text) => ` ${text}\t`,
  inside: (text, at) => `${text.slice(0, at % text.length)} ${text.slice(at % text.length)}`,
  padded: (text) => `${text}=`,
  cut: (text, at) => text.slice(0, -1 - (at % 70)),
  late: (text, at) => text.slice(1 + (at % 70)),
  otherCharacter: (text, at) => {
    const i = at % text.length;
    return `${text.slice(0, i)}${text[i] === "A" ? "B" : "A"}${text.slice(i + 1)}`;
  },
  lastCharacter: (text) => `${text.slice(0, -1)}${text.endsWith("A") ? "B" : "A"}`,
  reversed: onStack((warrants) => warrants.toReversed()),
  rotated: onStack((warrants) => [...warrants.slice(1), ...warrants.slice(0, 1)]),
  doubled: onStack((warrants) => [...warrants, ...warrants.slice(-1)]),
  leafAlone: onStack((warrants) => warrants.slice(-1)),
  withoutRoot: onStack((warrants) => warrants.slice(1)),
  withoutLeaf: onStack((warrants) => warrants.slice(0, -1)),
};

function onStack(change: (warrants: readonly CborValue[]) => readonly CborValue[]) {
  return (text: string): string => {
    const stack = decode(Buffer.from(text, "base64url")) as readonly CborValue[];
    return encodeHeader(encode(change(Array.isArray(stack[0]) ? stack : [stack])));
  };
}

/** What may change around a request. */
const POLICIES: Readonly<Record<string, (raw: RawChain) => Policy>> = {
  usual: () => usual,
  otherRoot: () => ({ ...usual, trust: { ...trust, roots: new Set([keyOf(1).publicKey.hex]) } }),
  noRoot: () => ({ ...usual, trust: { ...trust, roots: new Set() } }),
  revoked: ({ leafId }) => {
    const list = { version: 1n, issuedAt: NOW, issuer: "", ids: packIds([leafId]), contentHash: "" };
    return { ...usual, trust: { ...trust, revocation: { list, required: false } } };
  },
};

const step = fc.record({
  of: fc.nat(),
  spelling: fc.oneof(
    { arbitrary: fc.constant("asItIs"), weight: 8 },
    fc.constantFrom(...Object.keys(SPELLINGS)),
  ),
  at: fc.nat(),
  policy: fc.oneof({ arbitrary: fc.constant("usual"), weight: 8 }, fc.constantFrom(...Object.keys(POLICIES))),
  later: fc.constantFrom(0, 0, 0, 29, 61, 100, 700, -1_000),
  proof: fc.constantFrom("own", "own", "own", "of another chain", "of another call", "broken", "none"),
});
type Step = typeof step extends fc.Arbitrary<infer Made> ? Made : never;

function requestOf(
  { raw, asked, links }: Known,
  others: readonly Known[],
  { spelling, at, proof }: Step,
): HttpRequest {
  const signed = (of: Known, args = asked.args): string =>
    encodeHeader(
      signProof(keyOf(of.links), { warrant: { id: of.raw.leafId } as Warrant, tool: asked.tool, args }, NOW),
    );
  const own = { raw, asked, links };
  const proofs: Readonly<Record<string, () => string | undefined>> = {
    own: () => signed(own),
    "of another chain": () => signed(others[at % others.length] ?? own),
    "of another call": () => signed(own, new Map([["a", "something else"]])),
    broken: () => encodeHeader(Buffer.alloc(64, at)),
    none: () => undefined,
  };
  const headers = {
    "x-tenuo-warrant": SPELLINGS[spelling]?.(raw.header, at),
    "x-tenuo-pop": proofs[proof]?.(),
  };
  return postOf(`/${asked.tool}`, headers, bodyOf(asked.args));
}

test("what was asked before changes no verdict, under whatever policy it was asked", (t) => {
  const seen = new Map<string, number>();
  let hits = 0;
  fc.assert(
    fc.property(
      fc.array(known, { minLength: 2, maxLength: 3 }),
      fc.array(step, { minLength: 20, maxLength: 40 }),
      (chains, steps) => {
        // One memory for all, though the service gives each policy its own: nothing in it depends on trust or time.
        const memory = createMemory();
        for (const asking of steps) {
          const of = chains[asking.of % chains.length] as Known;
          const request = requestOf(of, chains, asking);
          const policy = POLICIES[asking.policy]?.(of.raw) ?? usual;
          const now = NOW + asking.later;
          const { isChainKnown, ...warm } = decide({ ...policy, memory }, now, request);
          assert.deepEqual(warm, verdictOn(policy, now, request));
          const verdict = warm.allow ? "allow" : warm.reason;
          seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
          if (isChainKnown) hits++;
        }
      },
    ),
    runs(60),
  );
  t.diagnostic(`hits: ${hits}; ${[...seen].map(([verdict, times]) => `${verdict} ${times}`).join(", ")}`);
  assert.ok(hits > 100);
  for (const verdict of ["allow", "warrant_revoked", "untrusted_root", "warrant_expired", "invalid_pop"]) {
    assert.ok((seen.get(verdict) ?? 0) > 10, verdict);
  }
});
