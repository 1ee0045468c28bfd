import fc from "fast-check";
import { type CborValue, isArray, isMap } from "../../src/cbor/value.ts";
import { LEAVES, list, pick, type Wire } from "./arbitrary-leaf.ts";
import { probesOf } from "./probes.ts";

const ALL = 12n;
const ANY = 13n;
const NOT = 14n;

const composite = (type: bigint, members: readonly CborValue[]): Wire => [
  type,
  new Map([["constraints", members]]),
];
const opposite = (member: CborValue): Wire => [NOT, new Map([["constraint", member]])];
const leaf = fc.oneof(...LEAVES.map(({ wires }) => wires));

export const constraint: fc.Arbitrary<Wire> = fc.letrec<{ constraint: Wire }>((tie) => ({
  constraint: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: leaf, weight: 5 },
    list(tie("constraint")).map((members) => composite(ALL, members)),
    list(tie("constraint")).map((members) => composite(ANY, members)),
    tie("constraint").map(opposite),
  ),
})).constraint;

/** A constraint, mostly one that is narrower, but by far not always. */
export function narrowing([type, value]: Wire): fc.Arbitrary<Wire> {
  const probes = probesOf([type, value]);
  return fc.oneof(
    { arbitrary: narrowingOfKind([type, value]), weight: 6 },
    { arbitrary: pick(...probes).map((probe): Wire => [1n, new Map([["value", probe]])]), weight: 2 },
    { arbitrary: fc.constant<Wire>([type, value]), weight: 1 },
    { arbitrary: constraint, weight: 1 },
    {
      arbitrary: fc
        .subarray(probes, { maxLength: 3 })
        .map((some): Wire => [11n, new Map([["allowed", some]])]),
      weight: 1,
    },
  );
}

function narrowingOfKind([type, value]: Wire): fc.Arbitrary<Wire> {
  if (type === NOT) return constraint.map(opposite);
  if (type === ALL || type === ANY) {
    const narrowed = fc.tuple(...membersOf(value).map(narrowingOfKind));
    if (type === ANY)
      return narrowed.chain((members) => fc.subarray(members)).map((members) => composite(ANY, members));
    return fc.tuple(list(leaf, 1), narrowed, list(leaf, 1)).map((parts) => composite(ALL, parts.flat()));
  }
  const kind = LEAVES.find((each) => each.type === type);
  if (kind === undefined) return fc.constant([type, value]);
  if (kind.name === "Wildcard") return constraint;
  const narrower = kind.narrower(value as string).map((made): Wire => [type, made]);
  return fc.oneof({ arbitrary: narrower, weight: 2 }, { arbitrary: kind.wires, weight: 1 });
}

/** Two constraints, the second often permitted by the first. */
export const pair: fc.Arbitrary<readonly [parent: Wire, child: Wire]> = fc.oneof(
  { arbitrary: constraint.chain((parent) => fc.tuple(fc.constant(parent), narrowing(parent))), weight: 5 },
  // The opposite of what narrows is wider.
  {
    arbitrary: constraint
      .chain((wide) => fc.tuple(narrowing(wide), fc.constant(wide)))
      .map(([a, b]) => [opposite(a), opposite(b)] as const),
    weight: 1,
  },
);

function membersOf(value: CborValue): readonly Wire[] {
  const members = isMap(value) ? value.get("constraints") : undefined;
  return isArray(members) ? (members as unknown as readonly Wire[]) : [];
}
