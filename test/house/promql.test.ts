import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { metricsPage } from "../../scripts/metrics-page.ts";
import { blocksIn } from "../support/fenced-blocks.ts";
import { prometheusMissing, promtoolOn } from "../support/prometheus.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Every block of PromQL on a page, with the page. */
const queries = globSync("docs/**/*.md", { cwd: root }).flatMap((page) => {
  const text = readFileSync(join(root, page), "utf8");
  return blocksIn(text, "promql").map((query) => ({ page, query }));
});

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

test("Prometheus can read the queries of the pages", { skip: prometheusMissing ?? false }, () => {
  const rules = queries.map(({ query }, i) => ({ record: `page:query:${i}`, expr: query.trim() }));
  const { ok, text } = promtoolOn(["check", "rules", "rules.yml"], {
    "rules.yml": { groups: [{ name: "pages", rules }] },
  });
  assert.ok(ok, text);
});
