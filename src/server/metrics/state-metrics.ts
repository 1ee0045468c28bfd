import { MODES } from "../../gateway/schema.ts";
import { listStatus } from "../state/list-status.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { Results, StateView } from "../state/state.ts";
import type { MetricRegistry, Sample } from "./metric-registry.ts";

/** What is in force; all of it read when somebody asks. @param now Unix seconds */
export function registerStateMetrics(registry: MetricRegistry, state: StateView, now: () => number): void {
  const { gauge, counter } = registry;
  const policy = (): Snapshot["policy"] => state.snapshot().policy;
  const list = (of: keyof ReturnType<typeof listStatus>) => (): Iterable<Sample> => {
    const { revocation } = policy().trust;
    return revocation === undefined ? [] : [[listStatus(revocation.list, now())[of]]];
  };

  gauge(
    { name: "tenuo_mode", help: "1 for the mode in force where no route says otherwise", labels: ["mode"] },
    () => MODES.map((mode) => [Number(mode === policy().mode), mode]),
  );
  gauge(
    { name: "tenuo_routes", help: "Patterns of routes, by the mode they run in", labels: ["mode"] },
    () => {
      const { gateway, mode: usual } = policy();
      const modes = gateway.routes.all.map((route) => route.mode ?? usual);
      return MODES.map((mode) => [modes.filter((each) => each === mode).length, mode]);
    },
  );
  gauge({ name: "tenuo_trusted_roots", help: "Keys that may sign root warrants" }, () => [
    [policy().trust.roots.size],
  ]);

  gauge(
    { name: "tenuo_revocation_list_version", help: "Version of the revocation list in force" },
    list("version"),
  );
  gauge({ name: "tenuo_revocation_list_entries", help: "Warrants on the revocation list" }, list("entries"));
  gauge(
    { name: "tenuo_revocation_list_age_seconds", help: "Time since the revocation list was signed" },
    list("age_secs"),
  );
  gauge(
    {
      name: "tenuo_revocation_list_max_age_seconds",
      help: "Age above which the revocation list counts as missing; absent where none is set",
    },
    () => [policy().trust.revocation?.maxAgeSeconds ?? []].flat().map((seconds) => [seconds]),
  );

  gauge(
    {
      name: "tenuo_tls_certificate_expiry_timestamp_seconds",
      help: "When the certificate of the port of the checks expires, in Unix time; absent without TLS",
    },
    () => [state.snapshot().tls?.notAfter ?? []].flat().map((seconds) => [seconds]),
  );

  gauge(
    {
      name: "tenuo_config_info",
      help: "1 for the gateway.yaml in force, by the start of its SHA-256; replicas should agree",
      labels: ["sha256"],
    },
    () => [[1, state.snapshot().config.sha256.slice(0, SHORT_HASH)]],
  );
  gauge(
    { name: "tenuo_config_reload_success", help: "0 from a reload that failed until one succeeds, else 1" },
    () => [[Number(state.failedReload() === undefined)]],
  );
  counter(
    {
      name: "tenuo_config_reloads_total",
      help: "Reloads, by result; with an error in any file a failure, though the other files come in force",
      labels: ["result"],
    },
    () => byResult(state.reloads().total),
  );
  gauge(
    {
      name: "tenuo_config_last_reload_success_timestamp_seconds",
      help: "When the last reload without an error was, or the start; Unix time",
    },
    () => [[state.reloads().lastSuccessAt / 1000]],
  );
  counter(
    {
      name: "tenuo_revocation_updates_total",
      help: "Revocation lists, by result: put in force by a reload, or refused",
      labels: ["result"],
    },
    () => byResult(state.reloads().revocationList),
  );
}

function byResult({ success, failure }: Results): readonly Sample[] {
  return [
    [success, "success"],
    [failure, "failure"],
  ];
}

/** Hex digits of a hash: enough to tell two apart. */
const SHORT_HASH = 12;
