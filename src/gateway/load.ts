import { type Checked, checkOutline, checkRoute, checkSettings, checkTool } from "./check-shape.ts";
import { compileRoutes, type RouteSource } from "./compile-route.ts";
import { compileRule, compileShortRule, type FileContext } from "./compile-rule.ts";
import { compileSettings } from "./compile-settings.ts";
import type { ConfigNode, ConfigPath } from "./config-node.ts";
import type { Gateway, Rule } from "./gateway.ts";
import { guardHeaders } from "./header.ts";
import type { ConfigProblem } from "./problem.ts";
import { type Report, reportOn } from "./report.ts";
import {
  DEFAULT_SETTINGS,
  KEYS,
  type Outline,
  type RouteEntry,
  type RuleEntry,
  TYPED_KEYS,
} from "./schema.ts";
import { shapeMessage } from "./shape-message.ts";
import { nearestName } from "./suggest.ts";
import { readYaml } from "./yaml-source.ts";
import { toPlain } from "./yaml-value.ts";

export type LoadResult =
  | { readonly ok: true; readonly gateway: Gateway; readonly warnings: readonly ConfigProblem[] }
  | {
      readonly ok: false;
      readonly errors: readonly ConfigProblem[];
      readonly warnings: readonly ConfigProblem[];
    };

/** Tool names under this prefix belong to the protocol itself (Tenuo wire format). */
const RESERVED_TOOL_PREFIX = "tenuo:";

/**
 * Compiles the text of a gateway.yaml.
 *
 * @param file its name, for the problems only.
 * @returns every error of the file at once, in order of place.
 */
export function loadGateway(text: string, file: string): LoadResult {
  const source = readYaml(text, file);
  const errors = [...source.problems];
  const warnings: ConfigProblem[] = [];
  const report = reportOn(source, errors, warnings);
  let gateway: Gateway | undefined;
  if (source.root !== undefined) gateway = compile(source.root, report);
  else if (errors.length === 0) report.error([], `the file is empty, it needs ${KEYS.file.join(", ")}`);
  if (gateway !== undefined && errors.length === 0) return { ok: true, gateway, warnings: inOrder(warnings) };
  return { ok: false, errors: inOrder(errors), warnings: inOrder(warnings) };
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return Object.freeze(problems.toSorted((a, b) => a.line - b.line || a.column - b.column));
}

function compile(root: ConfigNode, report: Report): Gateway | undefined {
  const outline = usable(checkOutline(toPlain(root, TYPED_KEYS)), [], report);
  if (outline === undefined || root.kind !== "map") return undefined;
  for (const key of KEYS.file) if (!root.members.has(key)) report.error([], `missing key \`${key}\``);
  const version = compileVersion(outline.version, report);
  const context: FileContext = { version, root, report };
  const entry = usable(checkSettings(outline.settings ?? {}), ["settings"], report);
  const settings = compileSettings(entry ?? DEFAULT_SETTINGS, report);
  const sources = routeSources(outline, compileTools(outline, context), context);
  return Object.freeze({
    version,
    settings,
    ownHeaders: guardHeaders([settings.warrantHeader, settings.popHeader, settings.approvalHeader]),
    routes: compileRoutes(sources, context, settings.allowPathParameters),
  });
}

/** Reports the faults of a part, and hands on what is left of it. */
function usable<Part>({ part, faults }: Checked<Part>, parent: ConfigPath, report: Report): Part | undefined {
  for (const fault of faults) {
    const path = [...parent, ...fault.path];
    const where = fault.fault === "unknown_key" ? report.keyError : report.error;
    where(path, shapeMessage({ ...fault, path }));
  }
  return part;
}

/** An unknown version is read as the latest: told that its keys have no effect, one would mend the wrong place. */
function compileVersion(text: string | undefined, report: Report): Gateway["version"] {
  if (text !== undefined && /^1(?:\.[0-9]+)?$/.test(text)) return 1;
  if (text !== undefined && text !== "2") {
    report.error(["version"], `unknown version \`${text}\`, known: \`1\`, \`2\``);
  }
  return 2;
}

/** What every route of a tool shares. */
interface Tool {
  readonly requiredClearance: number;
  /** By argument. */
  readonly rules: ReadonlyMap<string, Rule>;
}

function compileTools(outline: Outline, context: FileContext): ReadonlyMap<string, Tool> {
  const tools = new Map<string, Tool>();
  for (const [name, plain] of Object.entries(outline.tools ?? {})) {
    const path = ["tools", name];
    if (name.startsWith(RESERVED_TOOL_PREFIX)) {
      context.report.keyError(
        path,
        `tool names under \`${RESERVED_TOOL_PREFIX}\` are reserved, rename \`${name}\``,
      );
    }
    const tool = usable(checkTool(plain ?? {}), path, context.report);
    tools.set(name, {
      requiredClearance: tool?.clearance ?? 0,
      rules: tool === undefined ? new Map() : rulesOf(tool, ["constraints", "extract"], path, context),
    });
  }
  return tools;
}

function routeSources(
  outline: Outline,
  tools: ReadonlyMap<string, Tool>,
  context: FileContext,
): readonly RouteSource[] {
  const sources: RouteSource[] = [];
  for (const [i, plain] of (outline.routes ?? []).entries()) {
    const path = ["routes", i];
    const entry = usable(checkRoute(plain), path, context.report);
    if (entry === undefined) continue;
    const own = rulesOf(entry, ["constraints", "extra_constraints"], path, context);
    const tool = tools.get(entry.tool);
    if (tool === undefined && outline.tools) undefinedTool(entry, path, tools, context.report);
    const { requiredClearance = 0, rules = [] } = tool ?? {};
    sources.push({ entry, path, requiredClearance, rules: new Map([...rules, ...own]) });
  }
  return sources;
}

function undefinedTool(
  { tool }: RouteEntry,
  path: ConfigPath,
  tools: ReadonlyMap<string, unknown>,
  report: Report,
): void {
  const nearest = nearestName(tool, [...tools.keys()]);
  const hint = nearest === undefined ? "add it under `tools`" : `did you mean \`${nearest}\`?`;
  report.error([...path, "tool"], `no tool is named \`${tool}\`, ${hint}`);
}

type RuleMap = Readonly<Record<string, RuleEntry | string>> | null | undefined;

/** The rules under a key and its alias; a name may stand under one of them only. */
function rulesOf<Key extends string>(
  entry: { readonly [K in Key]?: RuleMap },
  keys: readonly Key[],
  path: ConfigPath,
  context: FileContext,
): ReadonlyMap<string, Rule> {
  const rules = new Map<string, Rule>();
  for (const key of keys) {
    for (const [argument, given] of Object.entries<RuleEntry | string>(entry[key] ?? {})) {
      const place = [...path, key, argument];
      const rule =
        typeof given === "string"
          ? compileShortRule(argument, given, place, context)
          : compileRule(argument, given, place, context);
      if (rules.has(argument)) {
        context.report.keyError(place, `\`${argument}\` has a rule already, remove one`);
      }
      if (rule !== undefined) rules.set(argument, rule);
    }
  }
  return rules;
}
