import { readFileSync } from "node:fs";
import { parse } from "yaml";

const read = (file: string): string =>
  readFileSync(new URL(`../../monitoring/${file}`, import.meta.url), "utf8");

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A file of rules, as Prometheus takes it without the operator. */
export const RULES: { readonly groups: readonly { readonly rules: readonly Alert[] }[] } = parse(
  read("prometheus-rules.yaml"),
).spec;

export const ALERTS: readonly Alert[] = RULES.groups.flatMap(({ rules }) => rules);

export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
}

/** Every query of the dashboard with its variables set: all instances, five minutes. */
export const PANEL_QUERIES: readonly PanelQuery[] = JSON.parse(read("grafana-dashboard.json")).panels.flatMap(
  ({ title, targets = [] }: { title: string; targets?: { expr: string }[] }) =>
    targets.map(({ expr }) => ({
      panel: title,
      expr: expr.replace(/\$(?:namespace|instance)/g, ".*").replaceAll("$__rate_interval", "5m"),
    })),
);
