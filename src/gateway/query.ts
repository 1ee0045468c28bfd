import { foldCase } from "./fold-case.ts";
import { decodePercent } from "./percent.ts";
import { type GatewayRefusal, refuse } from "./refusal.ts";

/** Keys to read. */
export interface QueryKeys {
  readonly names: ReadonlySet<string>;
  /** The form in which all that some server may take for one of them is equal to it; empty where those may pass. */
  readonly folded: ReadonlySet<string>;
}

/** @param refusesOtherCase whether a key that differs in case only, or in brackets, makes the request ambiguous */
export function queryKeys(names: readonly string[], refusesOtherCase: boolean): QueryKeys {
  return Object.freeze({
    names: new Set(names),
    folded: new Set(refusesOtherCase ? names.map(foldCase) : []),
  });
}

/**
 * Values of the given keys in a query, form-decoded. Refuses what servers split or decode differently: `;`,
 * a fragment, a key sent twice, in other letters or with brackets, escapes that don't decode.
 *
 * @param exact false when a `!` may stand for a byte that isn't UTF-8.
 */
export function readQuery(
  query: string,
  keys: QueryKeys,
  exact: boolean,
): ReadonlyMap<string, string> | GatewayRefusal {
  const values = new Map<string, string>();
  if (query.includes(";")) return refuse("ambiguous_request", "the query holds `;`");
  if (query.includes("#")) return refuse("ambiguous_request", "the query holds `#`");
  for (let start = 0; start < query.length; ) {
    const ampersand = query.indexOf("&", start);
    const end = ampersand < 0 ? query.length : ampersand;
    const pair = query.slice(start, end);
    start = end + 1;
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const key = decodeForm(equals < 0 ? pair : pair.slice(0, equals));
    if (key === undefined) return refuse("ambiguous_request", "a query key doesn't decode");
    if (!keys.names.has(key)) {
      if (!isAlias(key, keys) && (exact || !hasBroken(key, keys))) continue;
      return refuse("ambiguous_request", `query key \`${shown(key)}\` may be read as an extracted one`);
    }
    if (values.has(key)) return refuse("ambiguous_request", `query key \`${key}\` was sent more than once`);
    const value = equals < 0 ? "" : decodeForm(pair.slice(equals + 1));
    if (value === undefined)
      return refuse("ambiguous_request", `query key \`${key}\` has a value that doesn't decode`);
    if (!exact && pair.includes("!")) return refuse("ambiguous_request", `query key \`${key}\`: ${REPLACED}`);
    values.set(key, value);
  }
  return values;
}

/** Some readers drop bytes that aren't UTF-8, of which each `!` may be one. */
function hasBroken(key: string, keys: QueryKeys): boolean {
  if (!key.includes("!")) return false;
  const rest = key.replaceAll("!", "");
  return keys.names.has(rest) || isAlias(rest, keys);
}

/** Some servers ignore case; some put `k[]=1` and `k[a]=1` in a list or map named `k`. */
function isAlias(key: string, { folded }: QueryKeys): boolean {
  if (folded.size === 0) return false;
  const given = foldCase(key);
  if (folded.has(given)) return true;
  return key.includes("[") && folded.values().some((name) => given.startsWith(`${name}[`));
}

/** What stands in brackets is the client's own, and may be what nobody shall see. */
function shown(key: string): string {
  return key.replace(/\[.*/s, "[…]");
}

/** Why a `!` is refused where the proxy may have put it. */
export const REPLACED =
  "`!` may stand for a byte that isn't UTF-8 (`encode_raw_headers`, `pack_as_bytes` send bytes as they are)";

function decodeForm(text: string): string | undefined {
  let spaces = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return undefined;
    if (code === 0x2b) spaces = true;
  }
  return decodePercent(spaces ? text.replaceAll("+", " ") : text);
}
