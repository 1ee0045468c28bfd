import { decodePercent, escapedByte } from "./percent.ts";

/** The target up to the first `?`. */
export function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}

/** The target after the first `?`, empty when there is none. */
export function queryOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? "" : target.slice(end + 1);
}

/** What a byte of a path may be; the rest could be read in two ways by the proxy and the upstream. */
const PLAIN = 0;
const REFUSED = 1;
const PARAMETER = 2;
const SLASH = 3;
const PERCENT = 4;

const KINDS = new Uint8Array(128);
KINDS.fill(REFUSED, 0x00, 0x21);
for (const char of "\\#?\x7f") KINDS[char.charCodeAt(0)] = REFUSED;
KINDS[0x2f] = SLASH;
KINDS[0x25] = PERCENT;
KINDS[0x3b] = PARAMETER;

/** Bytes whose escape hides structure, or is a second spelling of a character that needs none. */
const NEVER_ESCAPED = new Uint8Array(256);
NEVER_ESCAPED.fill(1, 0x00, 0x20);
NEVER_ESCAPED[0x7f] = 1;
for (const char of "/\\%;?#-._~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") {
  NEVER_ESCAPED[char.charCodeAt(0)] = 1;
}

/**
 * Why a path could mean something else to the upstream than to us, or undefined when it can't.
 *
 * @param allowParameters whether `;` may stand in a segment; it never stands after an empty, `.` or `..` name,
 *   which is a dot segment to a server that cuts parameters off.
 */
export function pathFault(path: string, allowParameters: boolean): string | undefined {
  if (path.charCodeAt(0) !== 0x2f) return "the request target doesn't start with `/`";
  let start = 1;
  let nameEnd = -1;
  let escapes = false;
  for (let i = 1; i <= path.length; i++) {
    const code = i === path.length ? 0x2f : path.charCodeAt(i);
    const kind = code > 0x7f ? REFUSED : KINDS[code];
    if (kind === PLAIN) continue;
    if (kind === REFUSED) return `the path holds ${characterName(code)}`;
    if (kind === PARAMETER) {
      if (!allowParameters) return "the path holds `;` (`settings.allow_path_parameters` lets it pass)";
      if (nameEnd < 0) nameEnd = i;
    } else if (kind === PERCENT) {
      const byte = escapedByte(path, i);
      if (byte < 0) return "the path holds a bad percent escape";
      if (NEVER_ESCAPED[byte] === 1) return `the path holds the escape ${path.slice(i, i + 3)}`;
      escapes = true;
      i += 2;
    } else {
      const name = nameEnd < 0 ? i : nameEnd;
      const trailing = i === path.length && start === i;
      if (!trailing && isDotOrEmpty(path, start, name)) return "the path holds an empty, `.` or `..` segment";
      start = i + 1;
      nameEnd = -1;
    }
  }
  return escapes && decodePercent(path) === undefined
    ? "the path holds an escape that isn't UTF-8"
    : undefined;
}

function isDotOrEmpty(path: string, start: number, end: number): boolean {
  if (end - start > 2) return false;
  for (let i = start; i < end; i++) if (path.charCodeAt(i) !== 0x2e) return false;
  return true;
}

function characterName(code: number): string {
  if (code > 0x7f) return "a byte outside ASCII";
  if (code === 0x20) return "a space";
  return code < 0x20 || code === 0x7f ? "a control character" : `\`${String.fromCharCode(code)}\``;
}
