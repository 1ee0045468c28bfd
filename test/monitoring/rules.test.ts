import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ALERTS, PANEL_QUERIES, RULES } from "../support/monitoring.ts";
import { prometheusMissing, promtoolOn } from "../support/prometheus.ts";

const skip = prometheusMissing ?? false;

/** Values of a series, one a minute, in promtool's notation: `start+step x count`. */
type Values = string;
/** By the text of the series. */
type Fleet = Readonly<Record<string, Values>>;

const HOURS = 26;
const MINUTES = HOURS * 60;
const AT = `instance="a:9091", job="authz", namespace="edge"`;
const OTHER = `instance="c:9091", job="authz", namespace="edge"`;
const steady = (value: number): Values => `${value}x${MINUTES}`;
/** So many more each minute. */
const growing = (step: number): Values => `0+${step}x${MINUTES}`;
/** Nothing special until the last minutes. */
const lately = (before: Values, after: Values, minutes: number): Values =>
  `${before}x${MINUTES - minutes} ${after}x${minutes}`;

/** A service that is well: 100 checks a second, one of them denied, warrants renewed every quarter of an hour. */
const HEALTHY: Fleet = {
  [`up{${AT}}`]: steady(1),
  [`tenuo_build_info{${AT}, version="1.0.0"}`]: steady(1),
  [`tenuo_ready{${AT}}`]: steady(1),
  [`tenuo_faults_total{${AT}}`]: steady(0),
  [`tenuo_decisions_total{${AT}, decision="allow", reason="", tool="t"}`]: growing(5_940),
  [`tenuo_decisions_total{${AT}, decision="deny", reason="no_route", tool=""}`]: growing(60),
  [`tenuo_checks_overloaded_total{${AT}}`]: growing(1),
  [`tenuo_connections_refused_total{${AT}}`]: steady(0),
  [`tenuo_connections_cut_off_total{${AT}}`]: steady(0),
  [`tenuo_log_lines_lost_total{${AT}}`]: steady(0),
  [`tenuo_check_duration_seconds_bucket{${AT}, le="0.001"}`]: growing(5_990),
  [`tenuo_check_duration_seconds_bucket{${AT}, le="0.5"}`]: growing(6_000),
  [`tenuo_check_duration_seconds_bucket{${AT}, le="+Inf"}`]: growing(6_000),
  [`nodejs_eventloop_lag_p99_seconds{${AT}}`]: steady(0.011),
  // Another program on Node, which is none of ours.
  'nodejs_eventloop_lag_p99_seconds{instance="b:80", job="shop", namespace="edge"}': steady(3),
  'up{instance="b:80", job="shop", namespace="edge"}': steady(0),
  [`tenuo_config_reload_success{${AT}}`]: steady(1),
  [`tenuo_config_info{${AT}, sha256="aa"}`]: steady(1),
  [`tenuo_tls_certificate_expiry_timestamp_seconds{${AT}}`]: steady(MINUTES * 60 + 30 * 86_400),
  [`tenuo_mode{${AT}, mode="enforce"}`]: steady(1),
  [`tenuo_mode{${AT}, mode="audit"}`]: steady(0),
  [`tenuo_routes{${AT}, mode="enforce"}`]: steady(3),
  [`tenuo_routes{${AT}, mode="audit"}`]: steady(0),
  [`tenuo_revocation_list_age_seconds{${AT}}`]: steady(600),
  [`tenuo_revocation_list_max_age_seconds{${AT}}`]: steady(3_600),
  [`tenuo_warrant_remaining_seconds_bucket{${AT}, le="3600"}`]: growing(5_940),
};

/** Series left out of what is healthy. */
const without = (...starts: readonly string[]): Fleet =>
  Object.fromEntries(
    Object.entries(HEALTHY).filter(([series]) => !starts.some((start) => series.startsWith(start))),
  );

const LONG_LIVED = {
  ...HEALTHY,
  [`tenuo_warrant_remaining_seconds_bucket{${AT}, le="3600"}`]: steady(0),
};

/** What each alert is for. */
const FIRING: Readonly<Record<string, Fleet>> = {
  TenuoTargetDown: {
    ...HEALTHY,
    [`up{${AT}}`]: lately("1", "0", 20),
    [`tenuo_build_info{${AT}, version="1.0.0"}`]: lately("1", "stale _", 20),
    [`tenuo_build_info{${OTHER}, version="1.0.0"}`]: steady(1),
  },
  TenuoAbsent: without("tenuo_build_info", "up"),
  TenuoNotReady: { ...HEALTHY, [`tenuo_ready{${AT}}`]: lately("1", "0", 10) },
  TenuoInternalFault: { ...HEALTHY, [`tenuo_faults_total{${AT}}`]: lately("0", "1", 10) },
  TenuoDenySpike: {
    ...HEALTHY,
    // A reason that never occurred before.
    [`tenuo_decisions_total{${AT}, decision="deny", reason="untrusted_root", tool="t"}`]: `_x${MINUTES - 15} 0+60x15`,
  },
  TenuoOverloaded: { ...HEALTHY, [`tenuo_checks_overloaded_total{${AT}}`]: growing(120) },
  TenuoConnectionsRefused: {
    ...HEALTHY,
    [`tenuo_connections_refused_total{${AT}}`]: `0x${MINUTES - 15} 0+1x15`,
  },
  TenuoSlowChecks: { ...HEALTHY, [`tenuo_check_duration_seconds_bucket{${AT}, le="0.001"}`]: growing(5_800) },
  TenuoEventLoopLag: { ...HEALTHY, [`nodejs_eventloop_lag_p99_seconds{${AT}}`]: steady(0.2) },
  TenuoReloadFailed: { ...HEALTHY, [`tenuo_config_reload_success{${AT}}`]: lately("1", "0", 15) },
  TenuoConfigDiffers: {
    ...HEALTHY,
    [`tenuo_config_info{${OTHER}, sha256="bb"}`]: steady(1),
  },
  TenuoModeNotEnforce: { ...HEALTHY, [`tenuo_routes{${AT}, mode="audit"}`]: steady(1) },
  TenuoRevocationListStale: { ...HEALTHY, [`tenuo_revocation_list_age_seconds{${AT}}`]: steady(3_000) },
  TenuoWarrantsNearExpiry: {
    ...LONG_LIVED,
    [`tenuo_warrant_remaining_seconds_bucket{${AT}, le="3600"}`]: `0x${MINUTES - 20} 0+5x20`,
  },
  TenuoCertificateExpires: {
    ...HEALTHY,
    [`tenuo_tls_certificate_expiry_timestamp_seconds{${AT}}`]: steady(MINUTES * 60 + 2 * 86_400),
  },
  TenuoLogLinesLost: { ...HEALTHY, [`tenuo_log_lines_lost_total{${AT}}`]: lately("0", "40", 10) },
};

/** The same with nothing to alarm anybody. */
const QUIET: Readonly<Record<string, Fleet>> = {
  "a service that is well": HEALTHY,
  "a service with long-lived warrants only": LONG_LIVED,
  "a new service, in its first hour, with denials and short-lived warrants": Object.fromEntries(
    Object.entries(HEALTHY).map(([series, values]) => [
      series,
      `_x${MINUTES - 40} ${values.replace(/\d+$/, "40")}`,
    ]),
  ),
  "a service without revocation list": without("tenuo_revocation_list"),
  "no more denials than the hour before, though many": {
    ...HEALTHY,
    [`tenuo_decisions_total{${AT}, decision="deny", reason="no_route", tool=""}`]: growing(3_000),
  },
  "a restart": {
    ...HEALTHY,
    [`tenuo_decisions_total{${AT}, decision="deny", reason="no_route", tool=""}`]: `0+60x${MINUTES - 10} 0+60x10`,
    [`tenuo_ready{${AT}}`]: `1x${MINUTES - 10} 0 1x10`,
  },
};

test("promtool finds no fault with the rules", { skip }, () => {
  const { ok, text } = promtoolOn(["check", "rules", "--lint-fatal", "rules.yml"], { "rules.yml": RULES });
  assert.ok(ok, text);
});

test("each alert says what is wrong, how badly, what to do, and where to read more", () => {
  for (const { alert, for: wait, labels, annotations } of ALERTS) {
    assert.match(alert, /^Tenuo[A-Z][A-Za-z]+$/);
    assert.match(wait, /^\d+[mh]$/, alert);
    assert.match(labels["severity"] ?? "", /^(?:critical|warning|info)$/, alert);
    assert.ok((annotations["summary"]?.length ?? 0) > 10, alert);
    assert.ok((annotations["description"]?.length ?? 0) > 40, alert);
    assert.equal(annotations["runbook_url"], `docs/troubleshooting.md#${alert.toLowerCase()}`);
  }
});

test("the page of symptoms says what to do about each", () => {
  const page = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");
  const headings = Array.from(page.matchAll(/^### (Tenuo\w+)$/gm), ([, name]) => name);
  assert.deepEqual(
    headings,
    ALERTS.map(({ alert }) => alert),
  );
});

test("each alert is tried", () => {
  assert.deepEqual(
    ALERTS.map(({ alert }) => alert),
    Object.keys(FIRING),
  );
});

describe("promtool", { skip }, () => {
  for (const [alert, fleet] of Object.entries(FIRING)) {
    test(`${alert} fires, and nothing that it doesn't mean`, () => expectFiring(fleet, [alert]));
  }
  for (const [name, fleet] of Object.entries(QUIET)) {
    test(`nothing fires for ${name}`, () => expectFiring(fleet, []));
  }

  test("it can read every query of the dashboard", () => {
    assert.ok(PANEL_QUERIES.length > 20);
    const rules = PANEL_QUERIES.map(({ expr }, i) => ({ record: `panel:query:${i}`, expr }));
    const { ok, text } = promtoolOn(["check", "rules", "rules.yml"], {
      "rules.yml": { groups: [{ name: "panels", rules }] },
    });
    assert.ok(ok, text);
  });
});

function expectFiring(fleet: Fleet, alerts: readonly string[]): void {
  const samples = alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 }));
  const { ok, text } = promtoolOn(["test", "rules", "test.yml"], {
    "rules.yml": RULES,
    "test.yml": {
      rule_files: ["rules.yml"],
      evaluation_interval: "5m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(fleet).map(([series, values]) => ({ series, values })),
          promql_expr_test: [
            {
              expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
              eval_time: `${MINUTES}m`,
              exp_samples: samples,
            },
          ],
        },
      ],
    },
  });
  assert.ok(ok, text);
}
