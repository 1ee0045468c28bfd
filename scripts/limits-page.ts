import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";

interface Bound {
  readonly file: string;
  readonly name: string;
  readonly expression: string;
  /** Its comment in the code, in one line; empty where that of a neighbour stands for both. */
  readonly reason: string;
}

/** A constant that bounds something, as its name tells, with the comment above it. */
const BOUND =
  /(?:^\/\*\*(?<comment>(?:[^*]|\*(?!\/))*)\*\/\n)?^(?:export )?const (?<name>(?:MAX|DEFAULT)_[A-Z0-9_]+|[A-Z0-9_]+_MS) = (?<expression>[^;"]+);$/gm;

const INTRODUCTION = `# Limits

What one request, one connection or one file may ask of the service. Bytes, counts and lengths are checked before any
signature. Made from the code by \`npm run generate\`: the text is the comment on the constant. Flags and settings that
move a limit stand in [configuration.md](configuration.md).
`;

/** Every bound in src/ with its value and its reason, as Markdown; flags of the command line aside. */
export function limitsPage(root: string): string {
  const files = globSync("src/**/*.ts", { cwd: root }).filter((file) => !/\/(?:generated|cli)\//.test(file));
  const bounds = files.sort().flatMap((file) => boundsOf(file, readFileSync(join(root, file), "utf8")));
  const sections = Map.groupBy(bounds, ({ file }) => file);
  const tables = Array.from(sections, ([file, rows]) => {
    const lines = rows.map((bound) => {
      const value = numberOf(bound, bounds).toLocaleString("en");
      return `| \`${bound.name}\` | ${value} | ${bound.reason.replaceAll("|", "\\|")} |\n`;
    });
    return `\n## \`${file}\`\n\n| constant | value | |\n|---|---:|---|\n${lines.join("")}`;
  });
  return INTRODUCTION + tables.join("");
}

function boundsOf(file: string, source: string): Bound[] {
  return Array.from(source.matchAll(BOUND), ({ groups = {} }) => ({
    file,
    name: groups["name"] ?? "",
    expression: groups["expression"] ?? "",
    reason: (groups["comment"] ?? "")
      .replace(/\n \*/g, "")
      .replace(/\{@link (\w+)\}/g, "`$1`")
      .trim(),
  }));
}

/** Of an expression that may name other bounds, of its own file before those of others. */
function numberOf({ file, expression }: Bound, bounds: readonly Bound[]): number {
  const values: Record<string, number> = {};
  for (const [name] of expression.matchAll(/\b[A-Z][A-Z0-9_]+\b/g)) {
    const named = bounds.filter((bound) => bound.name === name);
    const bound = named.find((candidate) => candidate.file === file) ?? named[0];
    if (bound === undefined) throw new Error(`${file} needs the value of ${name}, which is no bound`);
    values[name] = numberOf(bound, bounds);
  }
  return Number(runInNewContext(expression, { Math, ...values }));
}
