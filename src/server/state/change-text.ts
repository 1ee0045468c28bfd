import { isDeepStrictEqual } from "node:util";

/** What to tell of a value that changed; nothing of one that didn't. */
export function changeOf(name: string, before: unknown, after: unknown): readonly string[] {
  return isDeepStrictEqual(before, after) ? [] : [`${name}: ${show(before)} → ${show(after)}`];
}

function show(value: unknown): string {
  if (value === undefined) return "unset";
  if (Array.isArray(value) || value instanceof Set) return `[${Array.from(value, show).join(", ")}]`;
  // A public key.
  if (typeof value === "object" && value !== null && "hex" in value) return String(value.hex);
  return String(value);
}

/** What to tell of the members of a set that went and came, in order. */
export function membershipChanges(
  what: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): readonly string[] {
  const lost = [...before].filter((member) => !after.has(member)).sort();
  const won = [...after].filter((member) => !before.has(member)).sort();
  return [
    ...lost.map((member) => `${what} removed: ${member}`),
    ...won.map((member) => `${what} added: ${member}`),
  ];
}
