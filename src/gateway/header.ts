import type { HttpRequest, RequestHeaders } from "./request.ts";

/** Headers whose meaning depends on them, so that no second spelling of them may travel along. */
export interface GuardedHeaders {
  /** Lower case, as configured. */
  readonly names: ReadonlySet<string>;
  /** The same with `_` and `.` read as `-`, as CGI-like upstreams do. */
  readonly dashed: ReadonlySet<string>;
  /** Characters of the longest; longer names need no look. */
  readonly longest: number;
}

export function guardHeaders(names: Iterable<string>): GuardedHeaders {
  const lower = new Set(Array.from(names, (name) => name.toLowerCase()));
  const longest = Math.max(0, ...Array.from(lower, (name) => name.length));
  return Object.freeze({ names: lower, dashed: new Set(Array.from(lower, dashed)), longest });
}

/** The first header that upstreams may take for a guarded one although it isn't spelled so. */
export function aliasOf(headers: RequestHeaders, guarded: GuardedHeaders): string | undefined {
  for (const name of headers.lines.keys()) {
    if (name.length > guarded.longest) continue;
    if (guarded.dashed.has(dashed(name)) && !guarded.names.has(name)) return name;
  }
  return undefined;
}

/** The first header named by `connection` for which the test holds; a proxy on the way would drop it. */
export function droppedByConnection(
  headers: RequestHeaders,
  guarded: (name: string) => boolean,
): string | undefined {
  for (const line of headers.lines.get("connection") ?? []) {
    for (const option of line.split(",")) {
      const name = trimBlanks(option).toLowerCase();
      if (guarded(name)) return name;
    }
  }
  return undefined;
}

/**
 * The value of a Tenuo header, without surrounding blanks; undefined when it wasn't sent. A request that has it
 * twice was refused by `admit`.
 */
export function credential(request: HttpRequest, name: string): string | undefined {
  const value = request.headers.lines.get(name)?.[0];
  return value === undefined ? undefined : trimBlanks(value);
}

/** A name an HTTP header or method can have (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(text);
}

export function dashed(name: string): string {
  return name.includes("_") || name.includes(".") ? name.replaceAll(/[_.]/g, "-") : name;
}

/** Removes spaces and tabs only: no other character is a blank in a header. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
