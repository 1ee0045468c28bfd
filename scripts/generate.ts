// Writes every generated file; with --check, fails if one of them is out of date.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gatewayJsonSchema } from "../src/gateway/schema.ts";
import { chartFiles } from "./chart.ts";
import { configurationPage } from "./configuration-page.ts";
import { grafanaDashboard } from "./grafana-dashboard.ts";
import { limitsPage } from "./limits-page.ts";
import { logPage } from "./log-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { reasonsPage } from "./reasons-page.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Generated {
  /** Paths from the package root to texts. */
  readonly files: ReadonlyMap<string, string>;
  /** A folder in which nothing else may lie. */
  readonly folder?: string;
}

/** One function for each kind of generated file. */
const generators: readonly (() => Generated | Promise<Generated>)[] = [
  grpcTypes,
  gatewaySchema,
  reference,
  dashboard,
  chart,
];

/** TypeScript types of proto/; the options are those of src/server/grpc/definitions.ts. */
function grpcTypes(): Generated {
  const folder = "src/server/grpc/generated";
  const out = mkdtempSync(join(tmpdir(), "tenuo-types-"));
  try {
    const generator = join(root, "node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js");
    const options = ["--longs=String", "--enums=String", "--defaults", "--oneofs"];
    const places = ["--includeDirs=proto", `--outDir=${out}`, "--grpcLib=@grpc/grpc-js"];
    const file = "envoy/service/auth/v3/external_auth.proto";
    execFileSync(process.execPath, [generator, ...options, ...places, "--importFileExtension=.ts", file], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const files = new Map(
      filesIn(out).map((path) => [
        join(folder, relative(out, path)),
        `${readFileSync(path, "utf8").trimEnd()}\n`,
      ]),
    );
    return { files, folder };
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** The JSON Schema that editors complete gateway.yaml from. */
function gatewaySchema(): Generated {
  const text = `${JSON.stringify(gatewayJsonSchema(), undefined, 2)}\n`;
  return { files: new Map([["gateway.schema.json", text]]) };
}

/** The pages of docs/reference. */
function reference(): Generated {
  const folder = "docs/reference";
  const pages = {
    "configuration.md": configurationPage(),
    "limits.md": limitsPage(root),
    "log.md": logPage(),
    "metrics.md": metricsPage(),
    "reasons.md": reasonsPage(),
  };
  return { files: new Map(Object.entries(pages).map(([name, text]) => [join(folder, name), text])), folder };
}

/** The dashboard, of a table of panels. */
function dashboard(): Generated {
  const text = `${JSON.stringify(grafanaDashboard(), undefined, 2)}\n`;
  return { files: new Map([["monitoring/grafana-dashboard.json", text]]) };
}

/** What the Helm chart has of other files; after the dashboard, which is one of them. */
function chart(): Generated {
  return { files: chartFiles(root) };
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const check = process.argv.includes("--check");
const stale: string[] = [];
for (const generate of generators) {
  const { files, folder } = await generate();
  for (const [path, text] of files) {
    const target = join(root, path);
    if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
    stale.push(path);
    if (check) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  for (const path of folder === undefined ? [] : filesIn(join(root, folder))) {
    if (files.has(relative(root, path))) continue;
    stale.push(relative(root, path));
    if (!check) rmSync(path);
  }
}
for (const path of stale) process.stdout.write(`${check ? "out of date" : "written"}: ${path}\n`);
if (check && stale.length > 0) {
  process.stderr.write("run `npm run generate` and commit the result\n");
  process.exitCode = 1;
}
