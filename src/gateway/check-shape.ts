import type { ConfigPath } from "./config-node.ts";
import {
  type Issue,
  type Outline,
  outline,
  type RouteEntry,
  route,
  type Schema,
  type SettingsEntry,
  settings,
  type ToolEntry,
  tool,
} from "./schema.ts";
import { nearestName } from "./suggest.ts";

/** What is wrong with the shape of a file. */
export interface ShapeFault {
  readonly path: ConfigPath;
  readonly fault: "unknown_key" | "missing_key" | "wrong_value";
  /** What would be right, for a wrong value. */
  readonly expected: string;
}

export interface Checked<Part> {
  /** The part with defaults filled in and faulty entries left out; undefined when nothing is left of it. */
  readonly part: Part | undefined;
  readonly faults: readonly ShapeFault[];
}

export const checkOutline = (plain: unknown): Checked<Outline> => check(outline, plain);
export const checkSettings = (plain: unknown): Checked<SettingsEntry> => check(settings, plain);
export const checkTool = (plain: unknown): Checked<ToolEntry> => check(tool, plain);
export const checkRoute = (plain: unknown): Checked<RouteEntry> => check(route, plain);

function check<Part>(schema: Schema<Part>, plain: unknown): Checked<Part> {
  let rest = plain;
  let faults: readonly ShapeFault[] | undefined;
  for (;;) {
    const result = schema.safeParse(rest, { reportInput: true });
    if (result.success) return { part: result.data, faults: faults ?? [] };
    const found = result.error.issues.flatMap((issue) => faultsOf(issue, []));
    faults ??= found;
    for (const fault of found) rest = without(rest, fault);
    if (rest === undefined) return { part: undefined, faults };
  }
}

type Entries = Record<string | number, unknown>;

/** Takes out what is at fault: the entry itself, or what lacks it; undefined when that is the whole. */
function without(plain: unknown, { path, fault }: ShapeFault): unknown {
  const place = fault === "missing_key" ? path.slice(0, -1) : path;
  const last = place.at(-1);
  if (last === undefined) return undefined;
  let parent = plain as Entries | undefined;
  for (const step of place.slice(0, -1)) parent = parent?.[step] as Entries | undefined;
  if (parent !== undefined) delete parent[last];
  return plain;
}

function faultsOf(issue: Issue, parent: ConfigPath): ShapeFault[] {
  const path = [...parent, ...(issue.path as (string | number)[])];
  const wrong = (expected: string): ShapeFault[] => [{ path, fault: "wrong_value", expected }];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key], fault: "unknown_key", expected: "" }));
    case "invalid_type":
      if (issue.input === undefined) return [{ path, fault: "missing_key", expected: "" }];
      return wrong(TYPE_NAMES[issue.expected] ?? issue.expected);
    case "invalid_value":
      if (issue.input === undefined) return [{ path, fault: "missing_key", expected: "" }];
      return wrong(oneOf(issue.values.map(String), issue.input));
    case "too_small":
      return wrong(`at least ${issue.minimum}`);
    case "too_big":
      return wrong(`at most ${issue.maximum}`);
    case "invalid_union":
      return unionFaults(issue.errors, path);
    default:
      return wrong("something else");
  }
}

function oneOf(known: readonly string[], given: unknown): string {
  const nearest = typeof given === "string" ? nearestName(given, known) : undefined;
  const hint = nearest === undefined ? "" : `; did you mean \`${nearest}\`?`;
  return `one of ${known.map((value) => `\`${value}\``).join(", ")}${hint}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  boolean: "`true` or `false`",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a map",
  record: "a map",
};

/** Of a union, the faults of the branch that was meant: the one whose kind fits. */
function unionFaults(branches: readonly (readonly Issue[])[], path: ConfigPath): ShapeFault[] {
  const meant = branches.find((issues) =>
    issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0),
  );
  if (meant !== undefined) return meant.flatMap((issue) => faultsOf(issue, path));
  const expected = branches.flat().flatMap((issue) => faultsOf(issue, path).map((fault) => fault.expected));
  return [{ path, fault: "wrong_value", expected: [...new Set(expected)].join(" or ") }];
}
