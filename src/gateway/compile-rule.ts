import type { Value } from "../value.ts";
import {
  type AllowedValues,
  ARGUMENT_TYPES,
  type ArgumentType,
  allowedValues,
  convertText,
  hasType,
  isAllowed,
  isArgumentType,
} from "./argument-type.ts";
import { parseBodyPath } from "./body-path.ts";
import { type ConfigNode, type ConfigPath, nodeAt } from "./config-node.ts";
import type { Gateway, Rule, Source } from "./gateway.ts";
import { isToken } from "./header.ts";
import type { Report } from "./report.ts";
import type { RuleEntry } from "./schema.ts";
import { nearestName } from "./suggest.ts";
import { toValue } from "./yaml-value.ts";

/** What compiling an entry needs to know of the file around it. */
export interface FileContext {
  readonly version: Gateway["version"];
  readonly root: ConfigNode;
  readonly report: Report;
}

/** Compiles the rule of one argument; undefined when an error was reported that leaves no rule. */
export function compileRule(
  argument: string,
  entry: RuleEntry,
  path: ConfigPath,
  context: FileContext,
): Rule | undefined {
  const source = compileSource(entry, path, context);
  if (source === undefined) return undefined;
  const fallback = compileDefault(entry, path, context);
  const type = compileType(entry, path, context);
  const allowed = compileAllowed(entry, path, type, context);
  if (fallback !== undefined) checkDefault(fallback, type, allowed, path, context.report);
  return Object.freeze({
    argument,
    source: Object.freeze(source),
    required: entry.required,
    ...(fallback !== undefined && { fallback }),
    ...(type !== undefined && { type }),
    ...(allowed !== undefined && { allowed }),
  });
}

/** Compiles the short form of a rule: `$.path`, `$.method`, or `$.member` of the body. */
export function compileShortRule(
  argument: string,
  text: string,
  path: ConfigPath,
  { version, report }: FileContext,
): Rule | undefined {
  const member = text.startsWith("$.") ? text.slice(2) : "";
  if (member === "") {
    report.error(path, `\`${text}\` must be \`$.path\`, \`$.method\`, \`$.member\` of the body, or a rule`);
    return undefined;
  }
  const source: Source =
    member === "path" || member === "method"
      ? { from: "request", part: member }
      : { from: "body", path: parseBodyPath(member, version === 2) };
  return Object.freeze({ argument, source: Object.freeze(source), required: false });
}

function compileSource(
  { from, path: name }: RuleEntry,
  path: ConfigPath,
  { version, report }: FileContext,
): Source | undefined {
  if (from === "literal") return { from };
  if (name === undefined) {
    report.error(path, `missing key \`path\`, ${PATH_MEANS[from]}`);
    return undefined;
  }
  if (from === "path") return { from, parameter: name };
  if (from === "query") return { from, key: name };
  if (from === "body") return { from, path: parseBodyPath(name, version === 2) };
  if (isToken(name)) return { from, name: name.toLowerCase() };
  report.error([...path, "path"], `\`${name}\` can't be the name of a header`);
  return undefined;
}

const PATH_MEANS = {
  path: "the name of a parameter of the pattern",
  query: "the query key to read",
  header: "the name of the header to read",
  body: "the dotted path into the body",
} as const;

function compileDefault(
  entry: RuleEntry,
  path: ConfigPath,
  { version, root, report }: FileContext,
): Value | undefined {
  const place = [...path, "default"];
  const node = nodeAt(root, place);
  const result = node === undefined ? undefined : toValue(node);
  if (result !== undefined && !result.ok) {
    report.error([...place, ...result.path], result.message);
    return undefined;
  }
  const value = result?.value ?? undefined;
  if (value === undefined && node?.kind === "scalar" && node.text.includes(".")) {
    report.warning(place, `\`${node.text}\` is no value in JSON and counts as no default`);
  }
  if (entry.from === "literal" && value === undefined) {
    report[version === 1 ? "warning" : "error"](path, "a literal needs a `default`, which is its value");
  }
  if (entry.from !== "literal" && entry.required && value !== undefined) {
    report.warning(place, "`default` is never used, as the value is required");
  }
  return value;
}

function compileType(
  entry: RuleEntry,
  path: ConfigPath,
  { version, report }: FileContext,
): ArgumentType | undefined {
  const { type, from } = entry;
  if (type === null || type === undefined) return undefined;
  const place = [...path, "type"];
  if (version === 1) {
    report.warning(place, "`type` has no effect in version 1, it has in version 2");
    return undefined;
  }
  if (!isArgumentType(type)) {
    const nearest = nearestName(type, ARGUMENT_TYPES);
    const hint =
      nearest === undefined ? `known: ${ARGUMENT_TYPES.join(", ")}` : `did you mean \`${nearest}\`?`;
    report.error(place, `unknown type \`${type}\`, ${hint}`);
    return undefined;
  }
  if (type === "list" && from !== "body" && from !== "literal") {
    report.error(place, `\`list\` can't work here, a value from ${from} is one text`);
  }
  return type;
}

function compileAllowed(
  entry: RuleEntry,
  path: ConfigPath,
  type: ArgumentType | undefined,
  { version, report }: FileContext,
): AllowedValues | undefined {
  const texts = entry.allowed_values;
  if (texts === null || texts === undefined) return undefined;
  const place = [...path, "allowed_values"];
  if (version === 1) {
    report.warning(place, "`allowed_values` has no effect in version 1, it has in version 2");
    return undefined;
  }
  if (texts.length === 0) report.error(place, "no value is allowed, list at least one");
  for (const [i, text] of texts.entries()) {
    if (type === undefined || convertText(type, text) !== undefined) continue;
    report.error([...place, i], `\`${text}\` can't be a value of type ${type}`);
  }
  return allowedValues(texts);
}

function checkDefault(
  value: Value,
  type: ArgumentType | undefined,
  allowed: AllowedValues | undefined,
  path: ConfigPath,
  report: Report,
): void {
  const place = [...path, "default"];
  if (type !== undefined && !hasType(type, value))
    report.warning(place, `the default is not of type ${type}, so it is always refused`);
  else if (allowed !== undefined && !isAllowed(allowed, value)) {
    report.warning(place, "the default is not one of the allowed values, so it is always refused");
  }
}
