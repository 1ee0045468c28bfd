import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const chart = (file: string): string => read(`charts/tenuo-ext-authz/${file}`);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

test("the chart has the version of the package", () => {
  const { version } = JSON.parse(read("package.json"));
  const { version: own, appVersion } = parse(chart("Chart.yaml"));
  assert.deepEqual([own, appVersion], [version, version]);
});

test("the schema of the chart's values has every value, and no other", () => {
  const { global: _, ...known } = (JSON.parse(chart("values.schema.json")) as Schema).properties ?? {};
  assert.deepEqual(namesIn({ properties: known }, ""), namesOf(parse(chart("values.yaml")), known, ""));
});

/** Where the schema leaves a map to others, such as Kubernetes, nothing is said of what is in it. */
function namesIn({ properties = {} }: Schema, prefix: string): readonly string[] {
  return Object.entries(properties)
    .flatMap(([name, inside]) =>
      inside.properties === undefined ? [`${prefix}${name}`] : namesIn(inside, `${prefix}${name}.`),
    )
    .sort();
}

function namesOf(
  values: object,
  known: NonNullable<Schema["properties"]>,
  prefix: string,
): readonly string[] {
  return Object.entries(values)
    .flatMap(([name, value]) => {
      const inside = known[name]?.properties;
      return inside === undefined ? [`${prefix}${name}`] : namesOf(value, inside, `${prefix}${name}.`);
    })
    .sort();
}
