import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { missing } from "../support/missing.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly uses?: string;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly permissions: unknown;
  readonly concurrency: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const texts = globSync(".github/workflows/*", { cwd: root }).map(
  (file) => [file, readFileSync(join(root, file), "utf8")] as const,
);
const workflows = texts.map(([file, text]) => [file, parse(text) as Workflow] as const);
const jobs = workflows.flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => [`${file}: ${name}`, job] as const),
);
const steps = jobs.flatMap(([where, { steps = [] }]) => steps.map((step) => [where, step] as const));
const scripts = steps.flatMap(([where, { run }]) => (run === undefined ? [] : [[where, run] as const]));

test("there are a workflow for every change and one for releases", () => {
  assert.deepEqual(texts.map(([file]) => file).sort(), [
    ".github/workflows/ci.yaml",
    ".github/workflows/release.yaml",
  ]);
  assert.ok(scripts.length > 10);
});

test("actionlint finds nothing", { skip: noActionlint() }, () => {
  execFileSync("actionlint", { cwd: root, stdio: "pipe" });
});

test("no secret is named", () => {
  for (const [file, text] of texts) assert.doesNotMatch(text, /\bsecrets\b/, file);
});

test("every job says what it may do and how long it may take, and nothing is granted to all", () => {
  for (const [file, { permissions, concurrency }] of workflows) {
    assert.deepEqual(permissions, {}, file);
    assert.ok(concurrency, file);
  }
  for (const [where, { permissions, uses, ...job }] of jobs) {
    assert.ok(permissions, where);
    assert.equal(permissions["contents"], "read", where);
    if (uses === undefined) assert.ok(job["timeout-minutes"], where);
  }
});

test("only what is released by a tag is written anywhere", () => {
  const writers = jobs.filter(([, { permissions = {} }]) => Object.values(permissions).includes("write"));
  assert.ok(writers.length > 0);
  for (const [where] of writers) assert.ok(where.startsWith(".github/workflows/release.yaml"), where);
  const { on } = parse(new Map(texts).get(".github/workflows/release.yaml") ?? "");
  assert.deepEqual(on, { push: { tags: ["v*"] } });
});

test("what packages bring runs in no job that can sign or publish", () => {
  const installing = jobs.filter(([, { steps = [] }]) =>
    steps.some(({ run = "" }) => /\bnpm (ci|pack)\b/.test(run)),
  );
  assert.ok(installing.length > 2);
  for (const [where, { permissions }] of installing)
    assert.deepEqual(permissions, { contents: "read" }, where);
});

test("actions are pinned to a commit, and no token is left in the checkout", () => {
  for (const [where, { uses, with: inputs }] of steps) {
    if (uses === undefined) continue;
    assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/, where);
    if (uses.startsWith("actions/checkout@")) assert.equal(inputs?.["persist-credentials"], false, where);
  }
  for (const [file, text] of texts) {
    for (const line of text.split("\n").filter((each) => /uses: [^.]/.test(each)))
      assert.match(line, / # v\d+\.\d+\.\d+$/, `${file}: ${line}`);
  }
});

test("what strangers choose, as the name of a branch, never becomes part of a script", () => {
  for (const [where, script] of scripts) assert.doesNotMatch(script, /\$\{\{/, where);
});

test("scripts are read by a shell without complaint, and call what there is", () => {
  const { scripts: known } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const [where, script] of scripts) {
    execFileSync("bash", ["-n"], { input: script, stdio: "pipe" });
    for (const [, name = ""] of script.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g))
      assert.ok(Object.hasOwn(known, name), `${where}: npm run ${name}`);
  }
});

function noActionlint(): string | false {
  try {
    execFileSync("actionlint", ["-version"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return missing("the check of workflows, for want of actionlint", error);
  }
}
