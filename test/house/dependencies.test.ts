import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What each part of src/ may import besides itself. ARCHITECTURE.md draws the same picture. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "value.ts": [],
  "evaluation.ts": ["steps.ts"],
  "fair-cache.ts": ["queue.ts"],
  "ip-address.ts": [],
  "package-root.ts": [],
  "queue.ts": [],
  "steps.ts": [],
  "text-order.ts": [],
  cbor: ["steps.ts", "text-order.ts"],
  cel: ["evaluation.ts", "ip-address.ts", "regex", "text-order.ts", "value.ts"],
  crypto: [],
  regex: ["evaluation.ts"],
  warrant: [
    "cbor",
    "cel",
    "crypto",
    "evaluation.ts",
    "fair-cache.ts",
    "ip-address.ts",
    "regex",
    "steps.ts",
    "text-order.ts",
    "value.ts",
  ],
  gateway: ["crypto", "steps.ts", "value.ts"],
  decision: ["gateway", "warrant", "fair-cache.ts", "steps.ts", "value.ts"],
  server: ["package-root.ts", "decision", "gateway", "warrant", "crypto", "queue.ts", "steps.ts", "value.ts"],
  cli: ["package-root.ts", "server", "decision", "gateway", "warrant", "crypto", "steps.ts", "value.ts"],
  "main.ts": ["cli"],
};

/** Which folders of src/server/ each of them may import; its single files put them together, or are for any. */
const SERVER_ARROWS: Readonly<Record<string, readonly string[]>> = {
  check: ["grpc", "log", "state"],
  grpc: [],
  log: ["state"],
  metrics: ["state"],
  port: ["grpc", "log", "state"],
  state: [],
  trace: ["log", "state"],
  workers: ["log", "metrics", "state", "trace"],
};

/** Parts that decide: same input, same output, nothing of the world around. */
const PURE = [
  "value.ts",
  "evaluation.ts",
  "fair-cache.ts",
  "ip-address.ts",
  "queue.ts",
  "steps.ts",
  "text-order.ts",
  "cbor",
  "cel",
  "crypto",
  "regex",
  "warrant",
  "gateway",
  "decision",
];
const PURE_BUILTINS = new Set(["node:buffer", "node:crypto"]);

interface Import {
  readonly file: string;
  readonly target: string;
}

const files = globSync("src/**/*.ts", { cwd: root }).filter((file) => !file.includes("/generated/"));
const imports = files.flatMap(importsOf);
const outside = imports.filter(({ target }) => !target.startsWith("src/"));
const inside = imports.filter(({ target }) => target.startsWith("src/"));

test("the sources were found", () => {
  assert.ok(files.length > 60 && inside.length > 200);
});

test("arrows point one way", () => {
  for (const { file, target } of inside) {
    if (target.startsWith("src/server/grpc/generated/")) continue;
    const from = partOf(file);
    const to = partOf(target);
    assert.ok(from === to || ARROWS[from]?.includes(to), `${file} imports ${target}`);
  }
});

test("arrows between the folders of the server point one way", () => {
  const folderOf = (file: string): string | undefined => /^src\/server\/([^/]+)\//.exec(file)?.[1];
  const folders = new Set<string>();
  for (const { file, target } of inside) {
    const [from, to] = [folderOf(file), folderOf(target)];
    if (from === undefined || to === undefined) continue;
    folders.add(from);
    assert.ok(from === to || SERVER_ARROWS[from]?.includes(to), `${file} imports ${target}`);
  }
  assert.deepEqual([...folders].sort(), Object.keys(SERVER_ARROWS));
});

test("there are no cycles", () => {
  const visited = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), [...path, file].join(" → "));
    if (visited.has(file)) return;
    for (const { target } of inside.filter((each) => each.file === file)) visit(target, [...path, file]);
    visited.add(file);
  };
  for (const file of files) visit(file, []);
});

test("one package is imported by one file", () => {
  const importers = new Map<string, Set<string>>();
  for (const { file, target } of outside) {
    if (target.startsWith("node:")) continue;
    const name = target.split("/", target.startsWith("@") ? 2 : 1).join("/");
    importers.set(name, (importers.get(name) ?? new Set()).add(file));
  }
  assert.ok(importers.size >= 6);
  for (const [name, users] of importers) assert.equal(users.size, 1, `${name}: ${[...users].join(", ")}`);
});

test("Node's HTTP/1.1 is had from one file, which loads no more of it than is needed", () => {
  for (const file of files)
    assert.doesNotMatch(text(file), /^import (?!type )[^;]* from "node:http";/m, file);
});

test("what decides touches neither files nor clock nor process", () => {
  for (const { file, target } of outside) {
    if (!PURE.includes(partOf(file)) || !target.startsWith("node:")) continue;
    assert.ok(PURE_BUILTINS.has(target), `${file} imports ${target}`);
  }
  for (const file of files.filter((each) => PURE.includes(partOf(each)))) {
    assert.doesNotMatch(text(file), /\b(process\.|console\.|Date\.now|performance\.now|new Date\(\))/, file);
  }
});

test("only main.ts reads the environment or ends the process", () => {
  for (const file of files.filter((each) => each !== "src/main.ts")) {
    assert.doesNotMatch(text(file), /process\.(env|exit|argv)\b/, file);
  }
});

test("every dependency is used, and pinned to one version", () => {
  const { dependencies, devDependencies } = JSON.parse(text("package.json"));
  const used = new Set(outside.map(({ target }) => target));
  for (const name of Object.keys(dependencies)) assert.ok(used.has(name), `${name} isn't imported`);
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(String(version), /^\d+\.\d+\.\d+$/, name);
  }
});

function importsOf(file: string): readonly Import[] {
  const statements = text(file).matchAll(/^(?:import|export)\s+(?:[^"';]*?\sfrom\s+)?"([^"]+)";/gm);
  return Array.from(statements, ([, specifier = ""]) => ({
    file,
    target: specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier,
  }));
}

/** The folder directly under src/, or the file there. */
function partOf(file: string): string {
  return file.split("/")[1] ?? file;
}

function text(file: string): string {
  return readFileSync(join(root, file), "utf8");
}
