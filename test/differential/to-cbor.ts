import type { CborValue } from "../../src/cbor/value.ts";
import type { ArgumentGateSpec, ConstraintSpec, LinkSpec, SetSpec } from "./spec.ts";

export function setToCbor({ constraints, allowUnknown }: SetSpec): CborValue {
  const named = new Map(
    Object.entries(constraints).map(([name, constraint]) => [name, constraintToCbor(constraint)]),
  );
  const members: [string, CborValue][] = [["constraints", named]];
  if (allowUnknown === true) members.push(["allow_unknown", true]);
  return new Map(members);
}

/** `[type, value]` (constraints §2), from the specification alone. */
export function constraintToCbor(constraint: ConstraintSpec): CborValue {
  const struct = (type: bigint, members: Readonly<Record<string, CborValue>>): CborValue => [
    type,
    new Map(Object.entries(members)),
  ];
  if ("exact" in constraint) return struct(1n, { value: constraint.exact });
  if ("pattern" in constraint) return struct(2n, { pattern: constraint.pattern });
  if ("range" in constraint) {
    const { min = null, max = null, minInclusive = true, maxInclusive = true } = constraint.range;
    return struct(3n, { min, max, min_inclusive: minInclusive, max_inclusive: maxInclusive });
  }
  if ("oneOf" in constraint) return struct(4n, { values: constraint.oneOf });
  if ("regex" in constraint) return struct(5n, { pattern: constraint.regex });
  if ("notOneOf" in constraint) return struct(7n, { excluded: constraint.notOneOf });
  if ("cidr" in constraint) return [8n, constraint.cidr];
  if ("urlPattern" in constraint) return [9n, constraint.urlPattern];
  if ("contains" in constraint) return struct(10n, { required: constraint.contains });
  if ("subset" in constraint) return struct(11n, { allowed: constraint.subset });
  if ("all" in constraint) return struct(12n, { constraints: constraint.all.map(constraintToCbor) });
  if ("any" in constraint) return struct(13n, { constraints: constraint.any.map(constraintToCbor) });
  if ("not" in constraint) return struct(14n, { constraint: constraintToCbor(constraint.not) });
  if ("cel" in constraint) return struct(15n, { expression: constraint.cel });
  if ("wildcard" in constraint) return [16n, null];
  if ("subpath" in constraint) {
    const { root, caseSensitive, allowEqual } = constraint.subpath;
    return struct(17n, { root, case_sensitive: caseSensitive, allow_equal: allowEqual });
  }
  if ("urlSafe" in constraint) {
    const { allow_ports: ports, ...members } = constraint.urlSafe;
    return struct(18n, { ...members, ...(ports === undefined ? {} : { allow_ports: ports.map(BigInt) }) });
  }
  if ("shlex" in constraint) return struct(128n, { allow: constraint.shlex });
  return [BigInt(constraint.unknown.type), constraint.unknown.value];
}

export function gatesToCbor(gates: NonNullable<LinkSpec["gates"]>): CborValue {
  const tools = Object.entries(gates).map(([tool, gate]): [string, CborValue] => {
    const entries = Object.entries(gate ?? {}).map(([name, asked]) => [name, gateToCbor(asked)] as const);
    return [tool, new Map([["args", gate === null ? null : new Map(entries)]])];
  });
  return new Map(tools);
}

function gateToCbor(gate: ArgumentGateSpec): CborValue {
  if (gate === "all") return gate;
  if ("matches" in gate) return constraintToCbor(gate.matches);
  return new Map([["exempt", constraintToCbor(gate.exempt)]]);
}
