import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const chart = (file: string): string => read(`charts/tenuo-ext-authz/${file}`);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
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

test("every setting of gateway.yaml is a value of the chart", () => {
  const settings = namesOfSettings(JSON.parse(read("gateway.schema.json")));
  const { config, revocation } = (JSON.parse(chart("values.schema.json")) as Schema).properties ?? {};
  const values = [
    ...Object.keys(config?.properties ?? {}),
    ...(revocation === undefined ? [] : ["revocation"]),
  ];
  // An alias.
  const wanted = settings.filter((name) => name !== "trusted_issuers").map(toCamelCase);
  assert.ok(wanted.length > 10);
  assert.deepEqual(values.sort(), wanted.sort());
});

function namesOfSettings({ properties }: Schema): readonly string[] {
  const { anyOf = [], ...settings } = properties?.["settings"] ?? {};
  return [settings, ...anyOf].flatMap((each) => Object.keys(each.properties ?? {}));
}

function toCamelCase(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

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
