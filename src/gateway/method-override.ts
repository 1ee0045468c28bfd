import { isObject } from "../value.ts";
import type { Route } from "./gateway.ts";
import type { JsonDocument } from "./json.ts";
import type { RequestHeaders } from "./request.ts";

// Some frameworks act on another method than the one judged, where one of these names it.

const HEADERS = ["x-http-method-override", "x-http-method", "x-method-override"] as const;

/** A query key, and a member of a body. */
const NAME = "_method";

/**
 * That key in a query: in any case, in escapes or not, and under any brackets. It is looked for in the text as it is,
 * since to decode thousands of keys that don't decode takes 0.1 s.
 */
const KEY =
  /(?:^|&)(?:_|%5f)(?:m|%[46]d)(?:e|%[46]5)(?:t|%[57]4)(?:h|%[46]8)(?:o|%[46]f)(?:d|%[46]4)(?:[=&[]|%5b|$)/i;

/** What is wrong with headers that name another method; undefined when nothing is. */
export function headerOverride({ lines }: RequestHeaders): string | undefined {
  const name = HEADERS.find((each) => lines.has(each));
  return name === undefined ? undefined : override(name);
}

/** The same for a query. A route that takes an argument from there has it judged and signed. */
export function queryOverride({ queryKeys }: Route, query: string): string | undefined {
  return queryKeys.names.has(NAME) || !KEY.test(query) ? undefined : override(NAME);
}

/** The same for a body. */
export function bodyOverride({ rules }: Route, { value }: JsonDocument): string | undefined {
  if (!isObject(value) || !value.has(NAME)) return undefined;
  const isArgument = rules.some(({ source }) => source.from === "body" && source.path.text === NAME);
  return isArgument ? undefined : override(NAME);
}

function override(name: string): string {
  return `\`${name}\` may change the method after this decision`;
}
