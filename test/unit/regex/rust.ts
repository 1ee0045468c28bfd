import { RRegex } from "rregex";

export type Verdict = "match" | "no_match" | "error";

/** What the `regex` crate itself says, which the published implementation uses. */
export function rustVerdict(expression: string, text: string): Verdict {
  let regex: RRegex;
  try {
    regex = new RRegex(expression);
  } catch (error) {
    if (!/^(regex parse error|Compiled regex exceeds)/.test(String((error as Error).message))) throw error;
    return "error";
  }
  const found = regex.isMatch(text);
  regex.free();
  return found ? "match" : "no_match";
}

/** What the crate takes a class for: first and last code points, in order. */
export function rustClass(expression: string): readonly (readonly [first: number, last: number])[] {
  const { kind } = new RRegex(expression).syntax();
  const [set] = (kind as { "@values"?: readonly { "@values": readonly RustClass[] }[] })["@values"] ?? [];
  return (set?.["@values"][0]?.ranges ?? []).map(
    ({ start, end }) => [start.codePointAt(0) as number, end.codePointAt(0) as number] as const,
  );
}

interface RustClass {
  readonly ranges: readonly { readonly start: string; readonly end: string }[];
}
