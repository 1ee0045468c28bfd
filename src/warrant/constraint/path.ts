const SLASH = "/";
const BACKSLASH = "\\";

/**
 * The one spelling of an absolute path (constraints §3.9), told from its text: `/` and `\` both separate, `.` and empty
 * segments go, `..` takes its parent along and stops at the top. What stands before the first segment, `/` or a drive
 * such as `C:\`, is kept as it is.
 *
 * @returns undefined for a relative path, and for one that has a NUL.
 */
export function normalizePath(text: string): string | undefined {
  if (text.includes("\0")) return undefined;
  const top = topOf(text);
  if (top === undefined) return undefined;
  const segments: string[] = [];
  for (const part of text.slice(top.length).replaceAll(BACKSLASH, SLASH).split(SLASH)) {
    if (part === "..") segments.pop();
    else if (part !== "" && part !== ".") segments.push(part);
  }
  return top + segments.join(SLASH);
}

function topOf(text: string): string | undefined {
  if (text.startsWith(SLASH)) return SLASH;
  const separates = text[2] === SLASH || text[2] === BACKSLASH;
  return separates && text[1] === ":" && isLetter(text.charCodeAt(0)) ? text.slice(0, 3) : undefined;
}

/** ASCII only. */
function isLetter(code: number): boolean {
  const small = code | 0x20;
  return small >= 0x61 && small <= 0x7a;
}
