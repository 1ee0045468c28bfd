import assert from "node:assert/strict";
import { test } from "node:test";
import { CborError, decode } from "../../src/cbor/decode.ts";
import type { CborValue } from "../../src/cbor/value.ts";
import { generateSigningKey } from "../../src/crypto/ed25519.ts";
import { finish } from "../../src/steps.ts";
import { isObject } from "../../src/value.ts";
import type { Trust } from "../../src/warrant/chain.ts";
import { toValue } from "../../src/warrant/constraint/value-list.ts";
import { encodeHeader, parseWarrantHeader } from "../../src/warrant/header.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { signProof } from "../../src/warrant/proof.ts";
import { verifyCall } from "../../src/warrant/verify.ts";
import { leafOf, type Stack } from "../../src/warrant/warrant.ts";
import { chainRefusal } from "../support/judge.ts";
import { rawChain } from "../support/raw-chain.ts";
import { readVectors } from "./vectors.ts";

type Vector = CallVector | LinkVector;

/** A call under one warrant with one tool. */
interface CallVector {
  readonly kind: "match";
  readonly name: string;
  /** Hex of the CBOR of the constraint set. */
  readonly set: string;
  readonly tool_key: string;
  readonly tool: string;
  readonly args_cbor: string;
  /** `error`: the warrant can't be read. */
  readonly want: "match" | "no_match" | "error";
}

/** Two warrants, one below the other. */
interface LinkVector {
  readonly kind: "attenuation";
  readonly name: string;
  /** Hex of the CBOR of the tools maps. */
  readonly parent_tools: string;
  readonly child_tools: string;
  readonly want: "allowed" | "refused";
}

const vectors = readVectors<readonly Vector[]>("constraint_sets");

const NAMED_TWICE = "an argument named twice has two readings";

/** What can't be read here on purpose, with the reason. Each has to be a difference still. */
const DELIBERATE: ReadonlyMap<string, string> = new Map([
  ["dup_field_key", NAMED_TWICE],
  ["dup_field_key_first", NAMED_TWICE],
  ["constraint_count_65", "a set over the limit is told when it is read, not when it is asked"],
]);

const NOW = 1_700_000_000;
const root = generateSigningKey();
const planner = generateSigningKey();
const worker = generateSigningKey();
const trust: Trust = { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 0 };

test("every set of constraint_sets.json allows what it should, to calls and to children", async (t) => {
  for (const vector of vectors) {
    const why = DELIBERATE.get(vector.name);
    await t.test(`${vector.name}: ${why === undefined ? vector.want : `unreadable, ${why}`}`, () => {
      const got = vector.kind === "match" ? call(vector) : link(vector);
      if (why === undefined) return assert.equal(got, vector.want);
      assert.equal(got, "error");
      assert.notEqual(got, vector.want, "it doesn't differ any more");
    });
  }
});

test("the file is complete, and every difference is one of its cases", () => {
  assert.equal(vectors.length, 64);
  const names = new Set(vectors.map(({ name }) => name));
  for (const name of DELIBERATE.keys()) assert.ok(names.has(name), name);
});

/** Reasons that say the warrant was read, and doesn't allow the call. */
const JUDGED: ReadonlySet<string> = new Set([
  "constraint_violation",
  "unknown_constraint",
  "tool_not_in_warrant",
]);

function call({ set, tool_key, tool, args_cbor }: CallVector): CallVector["want"] {
  const stack = stackOf([() => new Map([[tool_key, read(set)]])]);
  if (stack === undefined) return "error";
  const args = toValue(read(args_cbor));
  assert.ok(isObject(args));
  const proof = encodeHeader(signProof(planner, { warrant: leafOf(stack), tool, args }, NOW));
  const verdict = finish(verifyCall(stack, { tool, args, proof }, trust, NOW));
  if (verdict.refused === undefined) return "match";
  assert.ok(JUDGED.has(verdict.refused), verdict.detail);
  return "no_match";
}

function link({ parent_tools, child_tools }: LinkVector): LinkVector["want"] {
  const stack = stackOf([() => read(parent_tools), () => read(child_tools)]);
  const isAllowed = stack !== undefined && chainRefusal(stack, trust, NOW) === undefined;
  return isAllowed ? "allowed" : "refused";
}

/** A stack whose warrants grant these tools; undefined where one of them can't be read. */
function stackOf(tools: readonly (() => CborValue)[]): Stack | undefined {
  const keys = [root, planner, worker];
  try {
    const links = tools.map((read, i) => ({
      signer: keys[i] as typeof root,
      holder: keys[i + 1] as typeof root,
      fields: { tools: read() },
    }));
    const parsed = finish(parseWarrantHeader(rawChain(links, NOW).header));
    return isStack(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof CborError) return undefined;
    throw error;
  }
}

function read(hex: string): CborValue {
  return decode(Buffer.from(hex, "hex"));
}
