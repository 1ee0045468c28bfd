interface Query {
  readonly expr: string;
  /** Text of the legend, with labels in braces. */
  readonly legend: string;
}

interface Panel {
  readonly kind: "stat" | "timeseries" | "table";
  readonly title: string;
  readonly unit: string;
  /** What to make of it. */
  readonly about: string;
  readonly queries: readonly Query[];
}

interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const OURS = `namespace=~"$namespace", instance=~"$instance"`;
/** Metrics that other programs on Node have as well. */
const ALONE = "and on (namespace, job, instance) tenuo_build_info";
const RATE = "[$__rate_interval]";

const SECTIONS: readonly Section[] = [
  {
    title: "Now",
    panels: [
      stat("Ready instances", "short", "Instances that /ready calls ready", `sum(tenuo_ready{${OURS}})`),
      stat("Instances", "short", "Instances that answer scrapes", `count(tenuo_build_info{${OURS}})`),
      stat("Checks", "reqps", "Answers a second", `sum(rate(tenuo_decisions_total{${OURS}}${RATE}))`),
      stat(
        "Denied",
        "percentunit",
        "Share of the answers that deny",
        `sum(rate(tenuo_decisions_total{decision="deny", ${OURS}}${RATE})) / sum(rate(tenuo_decisions_total{${OURS}}${RATE}))`,
      ),
      stat(
        "Routes not enforced",
        "short",
        "Routes where a denied request passes",
        `max(sum by (instance) (tenuo_routes{mode!="enforce", ${OURS}}))`,
      ),
      stat(
        "Failed reloads",
        "short",
        "Instances whose last reload failed: they run on older files",
        `count(tenuo_config_reload_success{${OURS}} == 0) or vector(0)`,
      ),
    ],
  },
  {
    title: "Decisions",
    panels: [
      graph("Decisions", "reqps", "Answers a second", [
        q(`sum by (decision) (rate(tenuo_decisions_total{${OURS}}${RATE}))`, "{{decision}}"),
      ]),
      graph("Denials by reason", "reqps", "docs/reference/reasons.md says what each reason means", [
        q(`sum by (reason) (rate(tenuo_decisions_total{decision="deny", ${OURS}}${RATE}))`, "{{reason}}"),
      ]),
      graph("Denials by tool", "reqps", "Without a tool: no route was found, or not yet", [
        q(`sum by (tool) (rate(tenuo_decisions_total{decision="deny", ${OURS}}${RATE}))`, "{{tool}}"),
      ]),
      graph("Allowed by tool", "reqps", "Calls a second", [
        q(`sum by (tool) (rate(tenuo_decisions_total{decision="allow", ${OURS}}${RATE}))`, "{{tool}}"),
      ]),
      graph("Violations by argument", "reqps", "Arguments outside of what warrants allow", [
        q(
          `sum by (tool, constraint) (rate(tenuo_constraint_violations_total{${OURS}}${RATE}))`,
          "{{tool}} {{constraint}}",
        ),
      ]),
      graph("Faults", "short", "Errors of the program itself; the log has an event fault for each", [
        q(`sum by (instance) (increase(tenuo_faults_total{${OURS}}${RATE}))`, "{{instance}}"),
      ]),
    ],
  },
  {
    title: "Rollout",
    panels: [
      graph("Routes by mode", "short", "Grows towards enforce during a rollout", [
        q(`max by (mode) (tenuo_routes{${OURS}})`, "{{mode}}"),
      ]),
      graph(
        "Would be denied",
        "reqps",
        "Requests that pass in audit and permissive, and wouldn't in enforce",
        [
          q(
            `sum by (tool, reason) (rate(tenuo_decisions_total{decision="would_deny", ${OURS}}${RATE}))`,
            "{{tool}} {{reason}}",
          ),
        ],
      ),
      {
        kind: "table",
        title: "Would be denied, since the instances started",
        unit: "short",
        about: "Counts themselves, as a rate doesn't show the first of its kind",
        queries: [q(`sum by (tool, reason) (tenuo_decisions_total{decision="would_deny", ${OURS}})`, "")],
      },
    ],
  },
  {
    title: "Time",
    panels: [
      graph(
        "Duration of checks",
        "s",
        "From arrival until the answer is ready; Envoy waits 200 ms by default",
        [
          ...[0.5, 0.99, 0.999].map((quantile) =>
            q(
              `histogram_quantile(${quantile}, sum by (le) (rate(tenuo_check_duration_seconds_bucket{${OURS}}${RATE})))`,
              `p${quantile * 100}`,
            ),
          ),
        ],
      ),
      graph(
        "Overload",
        "reqps",
        "Checks denied since there was no time to judge them, connections refused or cut off",
        [
          q(`sum by (instance) (rate(tenuo_checks_overloaded_total{${OURS}}${RATE}))`, "{{instance}} checks"),
          q(
            `sum by (instance) (rate(tenuo_connections_refused_total{${OURS}}${RATE}))`,
            "{{instance}} connections",
          ),
          q(
            `sum by (instance) (rate(tenuo_connections_cut_off_total{${OURS}}${RATE}))`,
            "{{instance}} connections cut off",
          ),
        ],
      ),
      graph("Event loop lag, p99", "s", "10 ms is no lag: the timer that measures it has this period", [
        q(`nodejs_eventloop_lag_p99_seconds{${OURS}} ${ALONE}`, "{{instance}}"),
      ]),
    ],
  },
  {
    title: "Warrants and revocation",
    panels: [
      graph("Warrants near expiry", "percentunit", "Share of the allowed calls whose warrant ends so soon", [
        ...[
          ["60", "1 minute"],
          ["300", "5 minutes"],
          ["3600", "1 hour"],
        ].map(([le, legend = ""]) =>
          q(
            `sum(rate(tenuo_warrant_remaining_seconds_bucket{le="${le}", ${OURS}}${RATE})) / sum(rate(tenuo_warrant_remaining_seconds_count{${OURS}}${RATE}))`,
            legend,
          ),
        ),
      ]),
      graph("Age of the revocation list", "s", "Beyond its limit it counts as missing", [
        q(`max(tenuo_revocation_list_age_seconds{${OURS}})`, "age"),
        q(`min(tenuo_revocation_list_max_age_seconds{${OURS}})`, "limit"),
      ]),
      graph("Version of the revocation list", "short", "Instances should agree", [
        q(`tenuo_revocation_list_version{${OURS}}`, "{{instance}}"),
      ]),
    ],
  },
  {
    title: "Configuration",
    panels: [
      graph("Last reload succeeded", "short", "0: the instance runs on files older than those it was given", [
        q(`tenuo_config_reload_success{${OURS}}`, "{{instance}}"),
      ]),
      graph("Instances by gateway.yaml", "short", "More than one line for long: replicas differ", [
        q(`count by (sha256) (tenuo_config_info{${OURS}})`, "{{sha256}}"),
      ]),
      graph(
        "Reloads",
        "short",
        "By result; a failure leaves the file with the error out, and takes the others",
        [
          q(`sum by (result) (increase(tenuo_config_reloads_total{${OURS}}${RATE}))`, "{{result}}"),
          q(`sum by (result) (increase(tenuo_revocation_updates_total{${OURS}}${RATE}))`, "list {{result}}"),
        ],
      ),
      graph("Certificate expires in", "s", "Of the port of the checks; empty without TLS", [
        q(`tenuo_tls_certificate_expiry_timestamp_seconds{${OURS}} - time()`, "{{instance}}"),
      ]),
      graph("Trusted roots", "short", "Keys that may sign root warrants", [
        q(`tenuo_trusted_roots{${OURS}}`, "{{instance}}"),
      ]),
    ],
  },
  {
    title: "Process",
    panels: [
      graph("Memory", "bytes", "Resident", [
        q(`process_resident_memory_bytes{${OURS}} ${ALONE}`, "{{instance}}"),
      ]),
      graph("Processor", "percentunit", "1 is all that one process can use for checks", [
        q(`rate(process_cpu_seconds_total{${OURS}}${RATE}) ${ALONE}`, "{{instance}}"),
      ]),
      graph(
        "Connections and checks in flight",
        "short",
        "A proxy opens a connection for each of its threads",
        [
          q(`tenuo_connections{${OURS}}`, "{{instance}} connections"),
          q(`tenuo_checks_inflight{${OURS}}`, "{{instance}} in flight"),
        ],
      ),
    ],
  },
];

function q(expr: string, legend: string): Query {
  return { expr, legend };
}

function stat(title: string, unit: string, about: string, expr: string): Panel {
  return { kind: "stat", title, unit, about, queries: [q(expr, "")] };
}

function graph(title: string, unit: string, about: string, queries: readonly Query[]): Panel {
  return { kind: "timeseries", title, unit, about, queries };
}

/** Columns of Grafana's grid. */
const GRID_WIDTH = 24;
const SIZES = {
  stat: { w: 4, h: 4 },
  timeseries: { w: 8, h: 8 },
  table: { w: 8, h: 8 },
} as const;
const SOURCE = { type: "prometheus", uid: "$datasource" };

/** monitoring/grafana-dashboard.json, to be imported as it is. */
export function grafanaDashboard(): object {
  return {
    uid: "tenuo-ext-authz",
    title: "Tenuo ext_authz",
    tags: ["tenuo"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
        variable("namespace", "Namespace", "label_values(tenuo_build_info, namespace)"),
        variable("instance", "Instance", 'label_values(tenuo_build_info{namespace=~"$namespace"}, instance)'),
      ],
    },
    panels: panels(),
  };
}

/** All of them unless chosen, also where the label is missing. */
function variable(name: string, label: string, query: string): object {
  return {
    ...{ name, label, type: "query", datasource: SOURCE, query: { query, refId: name }, refresh: 2, sort: 1 },
    ...{ multi: true, includeAll: true, allValue: ".*", current: { text: ["All"], value: ["$__all"] } },
  };
}

function panels(): readonly object[] {
  const placed: object[] = [];
  let y = 0;
  const add = (panel: object, x: number, w: number, h: number): void => {
    placed.push({ id: placed.length + 1, gridPos: { x, y, w, h }, ...panel });
  };
  for (const { title, panels } of SECTIONS) {
    add({ type: "row", title, collapsed: false, panels: [] }, 0, GRID_WIDTH, 1);
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const panel of panels) {
      const { w, h } = SIZES[panel.kind];
      if (x + w > GRID_WIDTH) {
        x = 0;
        y += tallest;
      }
      add(panelModel(panel), x, w, h);
      x += w;
      tallest = h;
    }
    y += tallest;
  }
  return placed;
}

function panelModel({ kind, title, unit, about, queries }: Panel): object {
  const isTable = kind === "table";
  return {
    ...{ type: kind, title, description: about, datasource: SOURCE },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: kind === "timeseries" ? { tooltip: { mode: "multi", sort: "desc" } } : {},
    targets: queries.map(({ expr, legend }, i) => ({
      ...{ refId: String.fromCharCode(65 + i), datasource: SOURCE, expr, legendFormat: legend },
      ...(isTable ? { instant: true, range: false, format: "table" } : { range: true }),
    })),
    ...(isTable && { transformations: [{ id: "organize", options: { excludeByName: { Time: true } } }] }),
  };
}
