// Writes what the service is made of as CycloneDX: every production package of package-lock.json, none else.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Bom {
  readonly metadata: { readonly component: object };
  readonly components: readonly { readonly "bom-ref": string; readonly properties?: unknown }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Lockfile {
  readonly name: string;
  readonly version: string;
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly dev?: true; readonly dependencies?: object }>
  >;
}

const [output = "sbom.cdx.json"] = parseArgs({ allowPositionals: true }).positionals;
const lockfile = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8")) as Lockfile;
const self = `${lockfile.name}@${lockfile.version}`;
const direct = lockfile.packages[""]?.dependencies ?? {};
const kept = new Set([self]);
for (const [path, { version, dev }] of Object.entries(lockfile.packages)) {
  if (path !== "" && dev === undefined) kept.add(`${path.replace(/^.*node_modules\//, "")}@${version}`);
}

// npm's own `--omit dev` also leaves out what production and development packages share.
const arguments_ = [
  "sbom",
  "--package-lock-only",
  "--sbom-format",
  "cyclonedx",
  "--sbom-type",
  "application",
];
const all = JSON.parse(
  execFileSync("npm", arguments_, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
) as Bom;
const bom: Bom = {
  ...all,
  // npm takes the name from the folder.
  metadata: { ...all.metadata, component: { ...all.metadata.component, name: lockfile.name } },
  // The properties say what npm made of the tree, "development" among them.
  components: all.components
    .filter((component) => kept.has(component["bom-ref"]))
    .map(({ properties, ...component }) => component),
  dependencies: all.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => isKept(ref, other)) })),
};

/** Development packages aren't what the service depends on, even where one of its own packages does. */
function isKept(ref: string, other: string): boolean {
  return kept.has(other) && (ref !== self || Object.hasOwn(direct, other.replace(/@[^@]*$/, "")));
}

writeFileSync(output, `${JSON.stringify(bom, null, 2)}\n`);
process.stdout.write(`${bom.components.length} packages are in ${output}\n`);
