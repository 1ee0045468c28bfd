import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chartSchema } from "./chart-schema.ts";
import { type ChartValue, readChartValues } from "./chart-values.ts";
import { code, table } from "./markdown.ts";

const CHART = "charts/tenuo-ext-authz";
const BEGIN = "<!-- Made from values.yaml by `npm run generate`. -->\n";
const END = "<!-- Until here. -->\n";

/** What the chart has of other files: copies, as a chart reads nothing outside of itself, and what values.yaml tells. */
export function chartFiles(root: string): ReadonlyMap<string, string> {
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const values = readChartValues(read(`${CHART}/values.yaml`));
  const schema = `${JSON.stringify(chartSchema(values), undefined, 2)}\n`;
  return new Map([
    [`${CHART}/files/grafana-dashboard.json`, read("monitoring/grafana-dashboard.json")],
    [`${CHART}/files/prometheus-rules.yaml`, read("monitoring/prometheus-rules.yaml")],
    [`${CHART}/values.schema.json`, schema],
    [`${CHART}/README.md`, withTable(read(`${CHART}/README.md`), values)],
  ]);
}

function withTable(page: string, values: readonly ChartValue[]): string {
  const [before, rest = ""] = page.split(BEGIN);
  const [, after] = rest.split(END);
  if (after === undefined) throw new Error(`${CHART}/README.md has no place for the table of values`);
  const rows = values.map(({ path, text, about }) => [
    code(path),
    text === undefined ? undefined : code(text),
    about,
  ]);
  return [before, BEGIN, "\n", table(["value", "default", "meaning"], rows), "\n", END, after].join("");
}
