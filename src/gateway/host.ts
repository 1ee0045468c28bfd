/** Labels of letters, digits, `-` and `_`, none empty, no dot at the end. */
const NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const IPV6 = /^\[[0-9a-f:.]+\]$/;

/** Longest name DNS has; longer texts aren't looked at. */
const MAX_HOST_CHARS = 253;

export function isHost(text: string): boolean {
  return text.length <= MAX_HOST_CHARS && (NAME.test(text) || IPV6.test(text));
}

/** The host of an authority, lower case and without its port; undefined unless spelled in the plain way. */
export function hostOf(authority: string): string | undefined {
  const colon = authority.lastIndexOf(":");
  const hasPort =
    colon > authority.lastIndexOf("]") && /^[0-9]{1,5}$/.test(authority.slice(colon + 1, colon + 7));
  const host = (hasPort ? authority.slice(0, colon) : authority).toLowerCase();
  return isHost(host) ? host : undefined;
}
