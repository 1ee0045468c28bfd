import type { ShapeFault } from "./check-shape.ts";
import type { ConfigPath } from "./config-node.ts";
import { KEYS, type Level } from "./schema.ts";
import { nearestName } from "./suggest.ts";

/** Keys that are promised and not built yet: a file that relies on one must not load as if it were obeyed. */
const NOT_YET: Readonly<Record<Level, readonly string[]>> = {
  file: [],
  settings: ["replay_protection", "forward", "context_extensions"],
  revocation: [],
  log: [],
  tool: [],
  rule: [],
  route: ["mcp"],
};

/** Keys that other tools and older guides use for the same thing. */
const MEANT: Readonly<Partial<Record<Level, Readonly<Record<string, string>>>>> = {
  rule: { value: "default", source: "from", name: "path" },
};

/** Says what is wrong with the shape of a file, and what to do. */
export function shapeMessage({ path, fault, expected }: ShapeFault): string {
  const key = String(path.at(-1) ?? "");
  if (fault === "missing_key") return `missing key \`${key}\``;
  if (fault === "unknown_key") return unknownKey(key, levelOf(path));
  return `${subjectOf(path)} must be ${expected}`;
}

function subjectOf(path: ConfigPath): string {
  const last = path.at(-1);
  if (last === undefined) return "a gateway file";
  if (typeof last === "string") return `\`${last}\``;
  const list = String(path.at(-2));
  if (list === "routes") return "a route";
  return list === "trusted_roots" || list === "trusted_issuers"
    ? "a trusted root"
    : `an entry of \`${list}\``;
}

function unknownKey(key: string, level: Level): string {
  if (NOT_YET[level].includes(key)) return `\`${PLACES[level]}${key}\` is not supported yet`;
  const meant = MEANT[level]?.[key] ?? nearestName(key, KEYS[level]);
  if (meant !== undefined) return `unknown key \`${key}\`, did you mean \`${meant}\`?`;
  const elsewhere = (Object.keys(KEYS) as Level[]).find((other) => KEYS[other].includes(key));
  if (elsewhere !== undefined)
    return `unknown key \`${key}\` here, it belongs in \`${PLACES[elsewhere]}${key}\``;
  if (key === "<<") return "merge keys are not supported, repeat the keys or use an alias for the whole map";
  return `unknown key \`${key}\`, known here: ${KEYS[level].map((known) => `\`${known}\``).join(", ")}`;
}

const PLACES: Readonly<Record<Level, string>> = {
  file: "",
  settings: "settings.",
  revocation: "settings.revocation.",
  log: "settings.log.",
  tool: "tools.<name>.",
  rule: "tools.<name>.constraints.<argument>.",
  route: "routes[].",
};

/** Which kind of map holds the last step of a path. */
function levelOf(path: ConfigPath): Level {
  if (path.length === 1) return "file";
  if (path[0] === "settings") {
    if (path.length === 2) return "settings";
    return path[1] === "log" ? "log" : "revocation";
  }
  if (path.length === 3) return path[0] === "tools" ? "tool" : "route";
  return "rule";
}
