import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { metricsPage } from "../../scripts/metrics-page.ts";
import { missing } from "../support/missing.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Every block of PromQL on a page, with the page. */
const queries = globSync("docs/**/*.md", { cwd: root }).flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8");
  return Array.from(text.matchAll(/^ *```promql\n(.*?)^ *```$/gms), ([, query = ""]) => ({ page, query }));
});

function withoutPromtool(): string | false {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
    return false;
  } catch (error) {
    return missing("promtool, which reads the queries of the pages (Debian package `prometheus`)", error);
  }
}

test("the queries of the pages ask for metrics that are there, by labels that they have", () => {
  const labels = new Map(
    Array.from(metricsPage().matchAll(/^\| `(\w+)` \| \w+ \| (.*?) \|/gm), ([, name = "", cell = ""]) => [
      name,
      new Set(Array.from(cell.matchAll(/`(\w+)`/g), ([, label]) => label)),
    ]),
  );
  assert.ok(queries.length > 10);
  for (const { page, query } of queries) {
    const named = [...query.matchAll(/\b((?:tenuo|nodejs|process)_\w+)(?:\{(.*?)\})?/g)];
    assert.ok(named.length > 0, `${page}: ${query}`);
    for (const [, metric = "", matchers = ""] of named) {
      const known = labels.get(metric) ?? labels.get(metric.replace(/_(?:bucket|sum|count)$/, ""));
      assert.ok(known, `${page}: no metric ${metric}`);
      for (const [, label] of matchers.matchAll(/(\w+)\s*(?:=|!=|=~|!~)\s*"/g))
        assert.ok(known.has(label), `${page}: ${metric} has no label ${label}`);
    }
  }
});

test("Prometheus can read the queries of the pages", { skip: withoutPromtool() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-promql-"));
  try {
    const file = join(folder, "rules.json");
    const rules = queries.map(({ query }, i) => ({ record: `page:query:${i}`, expr: query.trim() }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: "pages", rules }] }));
    execFileSync("promtool", ["check", "rules", file], { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
