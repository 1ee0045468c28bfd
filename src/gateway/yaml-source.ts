import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLParseError } from "yaml";
import type { ConfigNode, Member } from "./config-node.ts";
import { type ConfigProblem, problemAt } from "./problem.ts";

/** A configuration file as a tree, with what is needed to point at a place in it. */
export interface YamlSource {
  /** Undefined when the text is empty or no tree could be made of it. */
  readonly root: ConfigNode | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly problem: (offset: number, message: string) => ConfigProblem;
}

/** Aliases can grow a file of a few lines exponentially; a gateway of ten thousand routes stays below this. */
const MAX_EXPANDED_NODES = 500_000;

/**
 * Reads one YAML document. Scalars keep their text, so that what a plain `5.0` or `012` means is decided by us
 * and not by the library's schema.
 */
export function readYaml(text: string, file: string): YamlSource {
  const starts = lineStarts(text);
  const document = parseDocument(text, {
    schema: "failsafe",
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
  });
  function problem(offset: number, message: string): ConfigProblem {
    const line = lineAt(starts, offset);
    const start = starts[line - 1] ?? 0;
    const end = text.indexOf("\n", start);
    return problemAt(
      { file, line, column: offset - start + 1, text: text.slice(start, end < 0 ? undefined : end) },
      message,
    );
  }
  const problems = syntaxProblems(document.errors, text, problem);
  if (problems.length > 0 || document.contents === null) return { root: undefined, problems, problem };
  const builder = new TreeBuilder((offset, message) => problems.push(problem(offset, message)));
  const root = builder.build(document.contents);
  return { root: builder.incomplete ? undefined : root, problems, problem };
}

/** Told from the text: the library's own counter misses lines once there was a fault. */
function lineStarts(text: string): readonly number[] {
  return [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
}

/** Counted from 1. */
function lineAt(starts: readonly number[], offset: number): number {
  let line = 1;
  for (let end = starts.length + 1; end - line > 1; ) {
    const middle = (line + end) >> 1;
    if ((starts[middle - 1] ?? 0) <= offset) line = middle;
    else end = middle;
  }
  return line;
}

/** The first fault of each line: what the parser says of the rest of a line, or of the file, only follows from it. */
function syntaxProblems(
  errors: readonly YAMLParseError[],
  text: string,
  problem: YamlSource["problem"],
): ConfigProblem[] {
  const byLine = new Map<number, ConfigProblem>();
  for (const error of errors) {
    const found = problem(error.pos[0], syntaxMessage(error, text));
    const follows = byLine.size > 0 && error.message.includes(" in YAML stream");
    if (!follows && !byLine.has(found.line)) byLine.set(found.line, found);
  }
  return [...byLine.values()];
}

function syntaxMessage({ code, pos, message }: YAMLParseError, text: string): string {
  if (code === "MULTIPLE_DOCS") return "a second document starts here, keep one document in the file";
  if (code === "RESOURCE_EXHAUSTION") return "nested too deep";
  if (code === "NON_STRING_KEY") return "a key must be plain text";
  const hint = syntaxHint(code, text.slice(Math.max(0, pos[0] - 1), pos[0] + 1));
  return message.charAt(0).toLowerCase() + message.slice(1) + hint;
}

/** @param around the characters before and at the fault. */
function syntaxHint(code: string, around: string): string {
  if (code === "BLOCK_AS_IMPLICIT_KEY") return ", quote a text that holds `: `, or check the indentation";
  const unfinished = code === "UNEXPECTED_TOKEN" || code === "MISSING_CHAR";
  return unfinished && /[{}]/.test(around) ? ", quote a pattern that holds braces" : "";
}

/** Resolves aliases, refuses tags and repeated keys, and counts what the aliases expand to. */
class TreeBuilder {
  readonly #report: (offset: number, message: string) => void;
  readonly #anchors = new Map<string, ConfigNode>();
  /** Whether a part of the file could not be built, so that what is left would show faults it hasn't. */
  incomplete = false;

  constructor(report: (offset: number, message: string) => void) {
    this.#report = report;
  }

  build(node: Node): ConfigNode {
    const built = this.#resolve(node);
    if (!isAlias(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, built);
    return built;
  }

  #resolve(node: Node): ConfigNode {
    const start = node.range?.[0] ?? 0;
    if (isAlias(node)) return this.#alias(node.source, start);
    this.#refuseTag(node, start);
    if (isMap(node)) {
      const members = new Map<string, Member>();
      let size = 1;
      for (const { key, value } of node.items as readonly { key: Node; value: Node | null }[]) {
        const name = isScalar(key) ? String(key.value) : "";
        const keyStart = key.range?.[0] ?? start;
        this.#refuseTag(key, keyStart);
        const member = value === null ? emptyNode(keyStart) : this.build(value);
        // Libraries that build plain objects drop this name without a word.
        if (name === "__proto__") this.#report(keyStart, "`__proto__` can't be a name here");
        else if (members.has(name)) this.#report(keyStart, `\`${name}\` is given twice, remove one`);
        else members.set(name, { keyStart, value: member });
        size += member.size;
      }
      return this.#bounded({ kind: "map", start, members, size });
    }
    if (isSeq(node)) {
      const items = (node.items as readonly Node[]).map((item) => this.build(item));
      return this.#bounded({
        kind: "list",
        start,
        items,
        size: items.reduce((sum, { size }) => sum + size, 1),
      });
    }
    const scalar = isScalar(node) ? node : undefined;
    const text = String(scalar?.value ?? "");
    return { kind: "scalar", start, text, plain: scalar?.type === "PLAIN", size: 1 };
  }

  /** A tag would say what a value is, which the key it stands under says here. */
  #refuseTag({ tag }: Node, start: number): void {
    if (tag !== undefined) this.#report(start, "a YAML tag can't stand here, quote a value to make it text");
  }

  #alias(anchor: string, start: number): ConfigNode {
    const target = this.#anchors.get(anchor);
    if (target !== undefined) return target;
    this.incomplete = true;
    this.#report(start, `no anchor \`&${anchor}\` stands before this alias`);
    return emptyNode(start);
  }

  #bounded(node: ConfigNode): ConfigNode {
    if (node.size <= MAX_EXPANDED_NODES) return node;
    if (!this.incomplete) {
      this.#report(node.start, `more than ${MAX_EXPANDED_NODES} values once aliases are expanded`);
    }
    this.incomplete = true;
    return emptyNode(node.start);
  }
}

function emptyNode(start: number): ConfigNode {
  return { kind: "scalar", start, text: "", plain: true, size: 1 };
}
