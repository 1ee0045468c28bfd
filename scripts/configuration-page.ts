import type { Command, Flags } from "../src/cli/command.ts";
import { COMMANDS, COMMON_FLAGS } from "../src/cli/run.ts";
import { gatewayJsonSchema } from "../src/gateway/schema.ts";
import { anchorOf, code, table } from "./markdown.ts";

/** What is used of JSON Schema. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
}

const INTRODUCTION = `# Configuration

Every key of gateway.yaml and every flag. How the parts work together is told in [gateway-yaml.md](../gateway-yaml.md).
Made from the code by \`npm run generate\`.

A flag beats its variable, and both beat gateway.yaml; trusted roots are united from all three. An empty variable counts as
unset. What is told here of gateway.yaml holds for both versions of the file, unless it says otherwise;
\`gateway.schema.json\` in the package gives completion in editors.

`;

const OTHER_VARIABLES = `Traces are set up by the variables of OpenTelemetry alone: [tracing.md](../tracing.md).
`;

/** Where a key is explained at length. */
const EXPLAINED: Readonly<Record<string, string>> = {
  version: "../gateway-yaml.md#versions-1-and-2",
  "settings.mode": "../rollout.md#which-mode-a-request-has",
  "settings.max_approvals": "../approvals.md",
  "settings.log": "../log.md",
  "settings.revocation": "../revocation.md",
  "settings.trusted_roots": "../key-rotation.md",
  "tools.<name>.constraints.<argument>.from": "../gateway-yaml.md#how-values-are-read",
  "tools.<name>.constraints.<argument>.type": "../gateway-yaml.md#kinds-of-values",
  "routes[].pattern": "../gateway-yaml.md#how-patterns-match",
  "routes[].mode": "../rollout.md#which-mode-a-request-has",
};

/** Every key of gateway.yaml and every flag with its meaning, as Markdown. */
export function configurationPage(): string {
  const keys = sectionsOf(gatewayJsonSchema() as Schema);
  const commands = COMMANDS.map(commandSection).join("");
  const common = `\n### All commands\n\n${flagTable(COMMON_FLAGS)}`;
  return `${INTRODUCTION}## gateway.yaml\n${keys}\n## Flags and variables\n\n${OTHER_VARIABLES}${commands}${common}`;
}

/** One table for each map of named keys; those with the same keys share one. */
function sectionsOf(file: Schema): string {
  const explained = new Set<string>();
  /** Heading by keys. */
  const headings = new Map<string, string>();
  const sections: string[] = [];
  visit(file, "", "The file");
  for (const path of Object.keys(EXPLAINED)) {
    if (!explained.has(path)) throw new Error(`gateway.yaml has no key ${path}`);
  }
  return sections.join("");

  function visit(schema: Schema, path: string, heading: string): void {
    const { properties, required = [] } = schema;
    if (properties === undefined) return;
    const keys = JSON.stringify(properties);
    if (headings.has(keys)) return;
    headings.set(keys, heading);
    const place = sections.push("") - 1;
    const rows = Object.entries(properties).map(([key, value]) => {
      const keyPath = path === "" ? key : `${path}.${key}`;
      for (const [below, inner] of mapsIn(value, keyPath)) visit(inner, below, code(below));
      return [code(key), typeOf(value), defaultOf(value, required.includes(key)), meaningOf(value, keyPath)];
    });
    sections[place] = `\n### ${heading}\n\n${table(["key", "type", "default", "meaning"], rows)}`;
  }

  function meaningOf({ description = "" }: Schema, path: string): string {
    const link = EXPLAINED[path];
    if (link === undefined) return description;
    explained.add(path);
    return `${description}. [More](${link})`;
  }

  function typeOf(schema: Schema): string {
    const { anyOf, enum: values, examples, type, items, properties, additionalProperties: entry } = schema;
    if (anyOf !== undefined) {
      const kinds = anyOf.filter((each) => each.type !== "null").map(typeOf);
      return [...new Set(kinds)].join(" or ");
    }
    if (properties !== undefined) {
      const heading = headings.get(JSON.stringify(properties)) ?? "";
      return `[map](#${anchorOf(heading)})`;
    }
    if (entry) return `map of names to ${typeOf(entry)}`;
    if (items !== undefined) return `list of ${typeOf(items)}`;
    const named = values ?? examples;
    if (named !== undefined) return named.map(code).join(", ");
    if (Array.isArray(type)) return "text";
    if (type === "boolean") return "boolean";
    if (type === "integer" || type === "number") return rangeOf(schema);
    if (type === undefined) return "any value";
    throw new Error(`no words for the type ${String(type)}`);
  }
}

/** The maps of named keys that a value holds, with the paths of their keys. */
function mapsIn(schema: Schema, path: string): (readonly [path: string, map: Schema])[] {
  const { anyOf = [], items, properties, additionalProperties: entry } = schema;
  const within = anyOf.flatMap((each) => mapsIn(each, path));
  if (properties !== undefined) return [[path, schema], ...within];
  const name = path === "tools" ? "<name>" : "<argument>";
  return [
    ...(entry ? mapsIn(entry, `${path}.${name}`) : []),
    ...(items === undefined ? [] : mapsIn(items, `${path}[]`)),
    ...within,
  ];
}

function rangeOf({ type, minimum, maximum = Number.MAX_SAFE_INTEGER }: Schema): string {
  const kind = type === "integer" ? "whole number" : "number";
  if (minimum === undefined) return kind;
  const most = maximum === Number.MAX_SAFE_INTEGER ? " or more" : ` to ${maximum.toLocaleString("en")}`;
  return `${kind}, ${minimum}${most}`;
}

function defaultOf({ default: value }: Schema, isRequired: boolean): string | undefined {
  if (isRequired) return "required";
  if (typeof value === "number") return value.toLocaleString("en");
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? undefined
    : code(String(value));
}

function commandSection({ name, positionals = [], summary, flags }: Command): string {
  return `\n### ${code([name, ...positionals].join(" "))}\n\n${summary}\n\n${flagTable(flags)}`;
}

function flagTable(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => [
    code(`--${name}${flag.value === undefined ? "" : ` ${flag.value}`}`) +
      (flag.short === undefined ? "" : `, ${code(`-${flag.short}`)}`),
    flag.variable && code(flag.variable),
    flag.default && code(flag.default),
    flag.help + (flag.repeatable ? "; may be repeated" : ""),
  ]);
  return table(["flag", "variable", "default", "meaning"], rows);
}
