import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";

/** One value of the chart, or a group of values that are told of together. */
export interface ChartValue {
  /** Names from the top, with dots between. */
  readonly path: string;
  /** What the comment above it says; empty where the name says it. */
  readonly about: string;
  /** The default in one line; undefined where there is none. */
  readonly text: string | undefined;
}

/**
 * The values of values.yaml in their order. A map is told of value by value where one of those has a comment of its
 * own, and as a whole where none has.
 */
export function readChartValues(yaml: string): readonly ChartValue[] {
  const { contents, commentBefore } = parseDocument(yaml);
  if (!isMap(contents)) throw new Error("values.yaml is no map");
  return valuesOf(contents, "", contents.commentBefore ?? commentBefore ?? "");
}

/** @param first the comment of the first value, which the parser gives to the map that it begins. */
function valuesOf(map: YAMLMap, prefix: string, first: string): readonly ChartValue[] {
  return map.items.flatMap((pair, i) => {
    const { key, value } = pair;
    if (!isScalar(key)) return [];
    const path = `${prefix}${key.value}`;
    const about = textOf(key.commentBefore ?? (i === 0 ? first : ""));
    if (!isMap(value) || !hasTold(value)) return [{ path, about, text: defaultOf(value) }];
    const inside = valuesOf(value, `${path}.`, value.commentBefore ?? "");
    return about === "" ? inside : [{ path, about, text: undefined }, ...inside];
  });
}

function isTold({ key, value }: Pair): boolean {
  return (isScalar(key) && Boolean(key.commentBefore)) || (isMap(value) && hasTold(value));
}

function hasTold(map: YAMLMap): boolean {
  return Boolean(map.commentBefore) || map.items.some(isTold);
}

function textOf(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.trim())
    .join(" ")
    .trim();
}

function defaultOf(value: unknown): string | undefined {
  const json = JSON.stringify(value);
  return json === "null" || json === '""' ? undefined : json.replace(/^"(.*)"$/, "$1");
}
