import type { Evaluation } from "../../evaluation.ts";

/** Scheme, slashes, and the authority up to the path; tabs and ends of lines are skipped when a URL is read. */
const AUTHORITY = /^[^:]*:[/\\\t\n\r]*([^/\\?#]*)/;
const NON_ASCII = /[^\0-\x7f]/;

/**
 * Reads a URL as browsers do.
 *
 * @returns undefined when the text isn't an absolute URL.
 * @throws {TooCostly} when reading it would take more effort than is left.
 */
export function parseUrl(text: string, evaluation: Evaluation): URL | undefined {
  evaluation.spend(URL_EFFORT + 1.5 * text.length + hostEffort(text));
  return URL.parse(text) ?? undefined;
}

/** Steps of reading a URL and its parts, beside those for its characters. */
const URL_EFFORT = 50;

/**
 * Steps of mapping the host of a URL to ASCII, which takes time in proportion to the square of its length; 0 where
 * there is nothing to map.
 */
export function hostEffort(url: string): number {
  const authority = AUTHORITY.exec(url)?.[1] ?? "";
  if (NON_ASCII.test(authority)) return mappingEffort(authority.length);
  // An escape is at least six characters for each one it stands for.
  return authority.includes("%") ? mappingEffort(authority.length / 6) : 0;
}

/**
 * What mapping a host of a constraint may take, since that is done while the warrant is read: enough for 130 characters,
 * which is more than the 253 of a mapped name can hold, but for a few made mostly of ASCII.
 */
export const MAX_HOST_EFFORT = 4000;

function mappingEffort(characters: number): number {
  return characters * (15 + characters / 10);
}
