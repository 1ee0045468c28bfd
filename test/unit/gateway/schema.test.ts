import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { loadGateway } from "../../../src/gateway/load.ts";
import { formatProblem } from "../../../src/gateway/problem.ts";
import { gatewayJsonSchema, KEYS, TYPED_KEYS } from "../../../src/gateway/schema.ts";

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
}

/** Every property in a JSON Schema, by name. */
function* propertiesOf(schema: unknown): Generator<readonly [name: string, schema: Schema]> {
  if (typeof schema !== "object" || schema === null) return;
  for (const [name, property] of Object.entries((schema as Schema).properties ?? {})) yield [name, property];
  for (const part of Object.values(schema)) yield* propertiesOf(part);
}

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
}

it("the keys whose scalars keep their type are those the schema gives one", () => {
  const typed = [...propertiesOf(gatewayJsonSchema())].filter(
    ([, { type }]) => type === "boolean" || type === "integer" || type === "number",
  );
  assert.deepEqual(new Set(typed.map(([name]) => name)), TYPED_KEYS);
});

it("the published JSON Schema is that of the code", () => {
  assert.deepEqual(JSON.parse(read("gateway.schema.json")), gatewayJsonSchema());
});

it("every key is explained, to editors and in docs/reference/configuration.md", () => {
  const described = new Map(
    [...propertiesOf(gatewayJsonSchema())].map(([name, { description }]) => [name, description]),
  );
  const page = read("docs/reference/configuration.md");
  for (const key of Object.values(KEYS).flat()) {
    assert.ok(described.get(key), `\`${key}\` has no description`);
    assert.ok(page.includes(`| \`${key}\` |`), `the page lacks \`${key}\``);
  }
});

it("the example of the guide loads without a warning", () => {
  const example = /```yaml\n(.*?)```/s.exec(read("docs/gateway-yaml.md"))?.[1] ?? "";
  const result = loadGateway(example, "docs/gateway-yaml.md");
  assert.deepEqual([...(result.ok ? [] : result.errors), ...result.warnings].map(formatProblem), []);
});
