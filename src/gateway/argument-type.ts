import { I64_MAX, I64_MIN, isList, type Value } from "../value.ts";
import { MAX_INTEGER_CHARS } from "./limits.ts";

/** The kinds a rule can demand. */
export const ARGUMENT_TYPES = ["string", "integer", "float", "boolean", "list"] as const;
export type ArgumentType = (typeof ARGUMENT_TYPES)[number];

export function isArgumentType(text: string): text is ArgumentType {
  return (ARGUMENT_TYPES as readonly string[]).includes(text);
}

/** The value a text of path, query or header stands for, undefined if it stands for none of that type. */
export function convertText(type: ArgumentType, text: string): Value | undefined {
  switch (type) {
    case "string":
      return text;
    case "integer": {
      if (text.length > MAX_INTEGER_CHARS || !/^-?(?:0|[1-9][0-9]*)$/.test(text)) return undefined;
      const value = BigInt(text);
      return value >= I64_MIN && value <= I64_MAX ? value : undefined;
    }
    case "float": {
      if (!/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/.test(text)) return undefined;
      const value = Number(text);
      return Number.isFinite(value) ? value : undefined;
    }
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "list":
      return undefined;
  }
}

export function hasType(type: ArgumentType, value: Value): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "integer":
      return typeof value === "bigint";
    case "float":
      return typeof value === "number";
    case "list":
      return isList(value);
  }
}

/** The only values a rule accepts: floats by number, all other scalars by their text. */
export interface AllowedValues {
  readonly texts: ReadonlySet<string>;
  readonly floats: ReadonlySet<number>;
}

export function allowedValues(texts: readonly string[]): AllowedValues {
  const floats = texts.map((text) => convertText("float", text)).filter((value) => typeof value === "number");
  return Object.freeze({ texts: new Set(texts), floats: new Set(floats) });
}

export function isAllowed({ texts, floats }: AllowedValues, value: Value): boolean {
  if (typeof value === "number") return floats.has(value);
  return (typeof value !== "object" || value === null) && texts.has(String(value));
}
