import { I64_MAX, I64_MIN, type Value } from "../value.ts";
import type { ConfigNode, ConfigPath } from "./config-node.ts";

/** The keys whose plain scalars are numbers or booleans; everywhere else a plain scalar is its text. */
export type TypedKeys = ReadonlySet<string>;

/**
 * The tree as plain objects, for checking its shape. Numbers and booleans are text unless their key is typed:
 * `tool: 404` names the tool "404", and `path: 1.10` keeps its zero.
 */
export function toPlain(node: ConfigNode, typed: TypedKeys, key?: string): unknown {
  if (node.kind === "list") return node.items.map((item) => toPlain(item, typed));
  if (node.kind === "map") {
    const plain: Record<string, unknown> = Object.create(null);
    for (const [name, { value }] of node.members) plain[name] = toPlain(value, typed, name);
    return plain;
  }
  if (!node.plain) return node.text;
  const value = resolvePlain(node.text);
  if (value === null) return null;
  if (key === undefined || !typed.has(key)) return node.text;
  return typeof value === "bigint" ? Number(value) : value;
}

export type ToValueResult =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly path: ConfigPath; readonly message: string };

/** The tree as a value of an argument. */
export function toValue(node: ConfigNode): ToValueResult {
  if (node.kind === "list") {
    const items: Value[] = [];
    for (const [i, item] of node.items.entries()) {
      const result = toValue(item);
      if (!result.ok) return { ...result, path: [i, ...result.path] };
      items.push(result.value);
    }
    return { ok: true, value: Object.freeze(items) };
  }
  if (node.kind === "map") {
    const members = new Map<string, Value>();
    for (const [name, member] of node.members) {
      const result = toValue(member.value);
      if (!result.ok) return { ...result, path: [name, ...result.path] };
      members.set(name, result.value);
    }
    return { ok: true, value: members };
  }
  const value = node.plain ? resolvePlain(node.text) : node.text;
  if (typeof value === "bigint" && (value < I64_MIN || value > I64_MAX)) {
    return fail(`\`${node.text}\` needs more than 64 bits, quote it to make it text`);
  }
  return { ok: true, value };
}

function fail(message: string): ToValueResult {
  return { ok: false, path: [], message };
}

const INTEGER = /^[-+]?(?:0|[1-9][0-9]*)$/;
const RADIX = /^(?:0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)$/;
const FLOAT = /^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$/;
/** Written without a quote these are no values of JSON, so they count as nothing, as in the reference. */
const NON_FINITE = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;

/** What a plain scalar means: YAML 1.2 core, except that digits after a leading zero (`012`) are text. */
export function resolvePlain(text: string): string | bigint | number | boolean | null {
  if (text === "" || text === "~" || text === "null" || text === "Null" || text === "NULL") return null;
  if (text === "true" || text === "True" || text === "TRUE") return true;
  if (text === "false" || text === "False" || text === "FALSE") return false;
  if (INTEGER.test(text)) return BigInt(text.startsWith("+") ? text.slice(1) : text);
  if (RADIX.test(text)) return BigInt(text);
  if (FLOAT.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : text;
  }
  return NON_FINITE.test(text) ? null : text;
}
