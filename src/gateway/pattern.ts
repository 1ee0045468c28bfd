import { pathFault } from "./path.ts";

/** One segment of a pattern: a text, or a parameter between a prefix and a suffix. */
export interface Segment {
  readonly prefix: string;
  readonly suffix: string;
  /** A parameter of one segment, one that takes the rest of the path, or none: then `prefix` is all. */
  readonly kind: "static" | "parameter" | "rest";
}

export interface Pattern {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** Names of the parameters in order of appearance. */
  readonly parameters: readonly string[];
}

export type PatternResult =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly message: string };

/** Parses `/a/{name}`, `/v{n}.json`, `/files/{*rest}`, with `{{` and `}}` for braces. */
export function parsePattern(text: string, allowParameters: boolean): PatternResult {
  if (!text.startsWith("/")) return fail(`\`${text}\` is never reached, a pattern starts with \`/\``);
  const segments: Segment[] = [];
  const parameters: string[] = [];
  let segment = new SegmentReader();
  let at = 1;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === "/") {
      if (segment.kind === "rest") return fail("nothing may follow `{*…}`");
      segments.push(segment.read());
      segment = new SegmentReader();
      at += 1;
    } else if ((char === "{" || char === "}") && text.charAt(at + 1) === char) {
      segment.add(char);
      at += 2;
    } else if (char === "{") {
      const end = text.indexOf("}", at);
      const inner = end < 0 ? "" : text.slice(at + 1, end);
      const name = inner.startsWith("*") ? inner.slice(1) : inner;
      if (end < 0) return fail("a `{` is not closed, write `{{` for a brace in the path");
      if (name === "") return fail("a parameter needs a name, as in `{name}`");
      if (/[/{*]/.test(name)) return fail(`\`${name}\` can't be the name of a parameter`);
      if (segment.kind !== "static") return fail("a segment can hold one parameter only");
      segment.kind = inner.startsWith("*") ? "rest" : "parameter";
      parameters.push(name);
      at = end + 1;
    } else if (char === "}") {
      return fail("a `}` was not opened, write `}}` for a brace in the path");
    } else {
      segment.add(char);
      at += 1;
    }
    if (segment.kind === "rest" && segment.suffix !== "") return fail("nothing may follow `{*…}`");
  }
  segments.push(segment.read());
  const fault = literalFault(segments, allowParameters);
  if (fault !== undefined) return fail(`\`${text}\` is never reached: ${fault}`);
  return { ok: true, pattern: Object.freeze({ text, segments, parameters }) };
}

class SegmentReader {
  prefix = "";
  suffix = "";
  kind: Segment["kind"] = "static";

  add(char: string): void {
    if (this.kind === "static") this.prefix += char;
    else this.suffix += char;
  }

  read(): Segment {
    return Object.freeze({ prefix: this.prefix, suffix: this.suffix, kind: this.kind });
  }
}

/** Why no request can match, since a path with such text is refused before routing. */
function literalFault(segments: readonly Segment[], allowParameters: boolean): string | undefined {
  const sample = segments.map(({ prefix, suffix, kind }) => prefix + (kind === "static" ? "" : "x") + suffix);
  const path = `/${sample.join("/")}`;
  if (path.includes("?")) return "the query is no part of the path";
  // A path is matched as sent and decoded, and both ways must lead to one route.
  if (path.includes("%")) return "a pattern can't hold a percent escape, use a parameter";
  return pathFault(path, allowParameters);
}

function fail(message: string): PatternResult {
  return { ok: false, message };
}
