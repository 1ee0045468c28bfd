/** Control characters, and the starts of an expansion; refused wherever they stand (constraints §3.10). */
const FORBIDDEN: ReadonlySet<string> = new Set("\0\x07\b\n\v\f\r\x7f$`");
/** What each operator of a shell starts with. */
const OPERATORS: ReadonlySet<string> = new Set("&|;<>()");

/**
 * The first word of a command line that a POSIX shell would run as one plain command: no operator outside quotes, no
 * expansion, every quote closed. Other words aren't looked at.
 *
 * @returns undefined for any other text, and for one without words.
 */
export function commandOf(text: string): string | undefined {
  let command: string | undefined;
  let word: string | undefined;
  let quote: "'" | '"' | undefined;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (FORBIDDEN.has(char)) return undefined;
    if (char === quote) {
      quote = undefined;
    } else if (char === "\\" && quote !== "'") {
      const next = text.charAt(++i);
      if (next === "" || FORBIDDEN.has(next)) return undefined;
      word = `${word ?? ""}${quote === undefined || next === '"' || next === "\\" ? next : `\\${next}`}`;
    } else if (quote !== undefined) {
      word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (OPERATORS.has(char)) {
      return undefined;
    } else if (char === " " || char === "\t") {
      command ??= word;
      word = undefined;
    } else {
      word = `${word ?? ""}${char}`;
    }
  }
  return quote === undefined ? (command ?? word) : undefined;
}
