import assert from "node:assert/strict";
import { decode } from "../../../src/cbor/decode.ts";
import { encode } from "../../../src/cbor/encode.ts";
import { type CborValue, isArray } from "../../../src/cbor/value.ts";
import { Evaluation, TooCostly } from "../../../src/evaluation.ts";
import type { Value } from "../../../src/value.ts";
import { type Constraint, parseConstraint, writeConstraint } from "../../../src/warrant/constraint/index.ts";
import { Malformed } from "../../../src/warrant/malformed.ts";
import { readVectors } from "../../conformance/vectors.ts";
import type { Wire } from "../../support/arbitrary-leaf.ts";
import { probesOf } from "../../support/probes.ts";
import { NOW, WORDS } from "../fixture.ts";
import { decoded } from "../forge.ts";
import { mutateCbor } from "../mutate-cbor.ts";
import { outcome, type Target } from "../target.ts";
import { toValue } from "../to-value.ts";

interface ConstraintVector {
  readonly constraint: string;
  readonly arg_cbor?: string;
}
interface LinkVector {
  readonly parent: string;
  readonly child: string;
}
interface CelVector {
  readonly expression: string;
  readonly argument: string;
}

/** `[constraint, narrower constraint, argument]`: what a warrant grants, what its holder passes on and asks for. */
export const constraint: Target = {
  name: "constraint",
  maxBytes: 65_536,
  seeds: () => [
    ...readVectors<readonly ConstraintVector[]>("constraints").flatMap(({ constraint, arg_cbor }) =>
      arg_cbor === undefined ? [] : Buffer.from(`83${constraint}${constraint}${arg_cbor}`, "hex"),
    ),
    ...readVectors<readonly LinkVector[]>("attenuation").map(({ parent, child }) =>
      Buffer.from(`83${parent}${child}6161`, "hex"),
    ),
    ...readVectors<readonly CelVector[]>("cel").map(({ expression, argument }) => {
      const cel: CborValue = [15n, new Map([["expression", expression]])];
      return encode([cel, [16n, null], decode(Buffer.from(argument, "hex"))]);
    }),
  ],
  mutate: (input, random, other) => mutateCbor(input, random, other, WORDS),
  run: (input) => {
    const value = decoded(input);
    const [first, second, third] = isArray(value) ? value : [];
    const parent = readable(first);
    const child = readable(second);
    const argument = toValue(third);
    if (parent === undefined || argument === undefined) return outcome("unreadable");
    const evaluation = new Evaluation(NOW);
    const verdict = judged(parent, argument, evaluation);
    const permits = child !== undefined && affordable(() => parent.permits(child, evaluation)) === true;
    parent.describe();
    return outcome(`${parent.kind} ${verdict} ${child?.kind} ${permits}`, () => {
      const written = encode(writeConstraint(parent));
      const again = parseConstraint(decode(written));
      assert.deepEqual(encode(writeConstraint(again)), written);
      const fresh = judged(again, argument, new Evaluation(NOW));
      if (verdict !== TOO_COSTLY && fresh !== TOO_COSTLY)
        assert.equal(fresh, verdict, "another verdict once written and read");
      if (!permits) return;
      for (const each of [argument, ...probesOf(first as Wire, second as Wire)]) {
        if (judged(child, each, new Evaluation(NOW)) !== "match") continue;
        const wide = judged(parent, each, new Evaluation(NOW));
        assert.ok(["match", TOO_COSTLY].includes(wide), `${parent.describe()} permits ${child.describe()}`);
      }
    });
  },
};

function readable(value: CborValue): Constraint | undefined {
  try {
    return parseConstraint(value);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function judged(constraint: Constraint, argument: Value, evaluation: Evaluation): string {
  return affordable(() => constraint.matches(argument, evaluation)) ?? TOO_COSTLY;
}

/** Undefined where it takes more effort than is left. */
function affordable<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof TooCostly) return undefined;
    throw error;
  }
}

const TOO_COSTLY = "too costly";
