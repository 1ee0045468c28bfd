import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { serve } from "../../src/cli/serve.ts";

// What no request can show of envoy/gateway.yaml: that nothing in it leads around the check.

const EXT_AUTHZ = "envoy.filters.http.ext_authz";
const { static_resources: resources } = parse(
  readFileSync(new URL("../../envoy/gateway.yaml", import.meta.url), "utf8"),
  { merge: true },
);
const managers = resources.listeners.flatMap((listener: { filter_chains: { filters: object[] }[] }) =>
  listener.filter_chains.flatMap(({ filters }) => filters.map((filter) => Object(filter).typed_config)),
);

test("no failure is an allow", () => {
  assert.ok(managers.length > 0);
  for (const manager of managers) {
    const { typed_config: check } = manager.http_filters.find(
      ({ name }: { name: string }) => name === EXT_AUTHZ,
    );
    assert.equal(check.failure_mode_allow, false);
    assert.equal(check.deny_at_disable.default_value, true);
    assert.equal(check.shadow_mode, undefined);
    assert.equal(check.filter_enabled, undefined);
  }
});

test("no route switches the check off, and none is chosen anew after it", () => {
  for (const manager of managers) {
    const names = manager.http_filters.map(({ name }: { name: string }) => name);
    assert.deepEqual(names.slice(-2), [EXT_AUTHZ, "envoy.filters.http.router"]);
    assert.equal(manager.http_filters.at(-2).typed_config.clear_route_cache, false);
    for (const host of manager.route_config.virtual_hosts) {
      for (const { typed_per_filter_config: own = {} } of [manager.route_config, host, ...host.routes]) {
        const settings = own[EXT_AUTHZ] ?? {};
        assert.equal(settings.disabled, undefined);
        const { disable_request_body_buffering: _, ...others } = settings.check_settings ?? {};
        assert.deepEqual(others, {});
      }
    }
  }
});

test("every request has a route, and none upgrades", () => {
  for (const manager of managers) {
    const hosts = manager.route_config.virtual_hosts;
    assert.ok(hosts.some(({ domains }: { domains: string[] }) => domains.includes("*")));
    for (const { routes } of hosts) {
      assert.deepEqual(routes.at(-1).match, { prefix: "/" });
      for (const { route } of routes) assert.equal(route.upgrade_configs, undefined);
    }
    assert.equal(manager.upgrade_configs, undefined);
    assert.equal(manager.http2_protocol_options.allow_connect, undefined);
  }
});

test("Envoy learns that a replica stops before it has stopped", () => {
  const [cluster] = resources.clusters;
  const [{ interval, no_traffic_interval: idle, timeout }] = cluster.health_checks;
  const drainSeconds = Number(serve.flags["drain-seconds"]?.default);
  for (const each of [interval, idle])
    assert.ok(Number.parseFloat(each) + Number.parseFloat(timeout) < drainSeconds, each);
});
