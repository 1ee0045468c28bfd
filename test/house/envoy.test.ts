import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { serve } from "../../src/cli/serve.ts";
import { RESULT_HEADERS } from "../../src/server/check/check-response.ts";
import { type EnvoyParts, envoyFiles, partsOf } from "../support/envoy-files.ts";

// What no request can show of the files in envoy/: that nothing in them leads around the check, and that what they have
// in common is the same in all, as Envoy knows no include.

const EXT_AUTHZ = "envoy.filters.http.ext_authz";
const CREDENTIALS = ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-approvals"];

/** The one that the others are held against. */
const STANDARD = "gateway.yaml";

interface About {
  /** Where the file says something else than {@link STANDARD}; all other settings are the same. */
  readonly differs: readonly string[];
  /** Names of routes that aren't checked. */
  readonly publicRoutes?: readonly string[];
  /** Names of routes that may be upgraded. */
  readonly upgradedRoutes?: readonly string[];
  /** Filters between the check and the router, which may only refuse. */
  readonly filtersAfter?: readonly string[];
  /** The upstream verifies again. */
  readonly leavesCredentials?: boolean;
}

/** One authorizer at a fixed place, and no `admin` that the app beside it could reach. */
const SIDECAR = [
  "admin",
  "authorizer.close_connections_on_host_health_failure",
  "authorizer.cluster_type",
  "authorizer.common_lb_config",
  "authorizer.health_checks",
  "authorizer.ignore_health_on_host_removal",
  "authorizer.lb_policy",
  "authorizer.load_assignment.endpoints",
  "authorizer.outlier_detection",
  "authorizer.type",
  "listener.name",
  "manager.routing.name",
  "manager.stat_prefix",
  "upstream.cluster_type",
  "upstream.load_assignment.endpoints",
  "upstream.type",
];

/** What each file is about. */
const FILES: Readonly<Record<string, About>> = {
  [STANDARD]: { differs: [] },
  "mtls.yaml": { differs: ["authorizer.transport_socket", "manager.others.node"] },
  "second-verifier.yaml": { differs: [], leavesCredentials: true },
  "sidecar-tcp.yaml": { differs: SIDECAR },
  "sidecar-unix-socket.yaml": { differs: SIDECAR },
  "per-route.yaml": {
    differs: ["manager.early_header_mutation_extensions"],
    publicRoutes: ["health"],
    upgradedRoutes: ["live"],
  },
  "rate-limit.yaml": { differs: [], filtersAfter: ["envoy.filters.http.local_ratelimit"] },
  "rbac.yaml": { differs: [], filtersAfter: ["envoy.filters.http.rbac"] },
};

test("it is known what each file is about", () => {
  assert.deepEqual(Object.keys(FILES).toSorted(), envoyFiles.toSorted());
});

for (const name of envoyFiles) {
  const {
    differs,
    publicRoutes = [],
    upgradedRoutes = [],
    filtersAfter = [],
    leavesCredentials = false,
  } = FILES[name] ?? {
    differs: [],
  };
  const parts = partsOf(name);

  describe(`envoy/${name}`, () => {
    test("no failure is an allow", () => {
      const { check } = parts;
      assert.equal(check.failure_mode_allow, false);
      assert.equal(check.deny_at_disable.default_value, true);
      assert.equal(check.shadow_mode, undefined);
      assert.equal(check.filter_enabled, undefined);
    });

    test("no route switches the check off but those it is about, and none is chosen anew", () => {
      const unchecked: string[] = [];
      for (const host of parts.hosts) {
        assert.equal(host.typed_per_filter_config?.[EXT_AUTHZ], undefined);
        for (const { name: route, typed_per_filter_config: own = {} } of host.routes) {
          const settings = own[EXT_AUTHZ] ?? {};
          // A route's own `with_request_body` would ignore `pack_as_bytes`.
          assert.equal(settings.check_settings?.with_request_body, undefined);
          if (settings.disabled === true) unchecked.push(route);
        }
      }
      assert.deepEqual(unchecked, publicRoutes);
      assert.equal(parts.check.clear_route_cache, false);
      assert.equal(parts.manager.routing.typed_per_filter_config, undefined);
    });

    test("no client speaks for the authorizer on a route that isn't checked", () => {
      if (publicRoutes.length === 0) return;
      const [{ typed_config: early }] = parts.manager.early_header_mutation_extensions;
      const removed = new RegExp(`^(?:${early.mutations[0].remove_on_match.key_matcher.safe_regex.regex})$`);
      for (const header of RESULT_HEADERS)
        for (const spelling of [header, header.replaceAll("-", "_"), header.replaceAll("-", ".")])
          assert.match(spelling, removed);
      for (const header of CREDENTIALS) assert.doesNotMatch(header, removed);
    });

    test("nothing behind the check changes what was judged", () => {
      const after = parts.filters.slice(parts.filters.indexOf(EXT_AUTHZ) + 1);
      assert.deepEqual(after, [...filtersAfter, "envoy.filters.http.router"]);
      for (const { routes } of parts.hosts) {
        for (const { route, request_headers_to_add: added } of routes) {
          assert.deepEqual(
            [route?.prefix_rewrite, route?.regex_rewrite, added],
            [undefined, undefined, undefined],
          );
        }
      }
    });

    test("every request has a route, and none upgrades", () => {
      assert.ok(parts.hosts.some(({ domains }: { domains: string[] }) => domains.includes("*")));
      for (const { routes } of parts.hosts) {
        assert.deepEqual(routes.at(-1).match, { prefix: "/" });
        const upgraded = routes.filter((each: { route?: object }) => "upgrade_configs" in Object(each.route));
        assert.deepEqual(
          upgraded.map((each: { name: string }) => each.name),
          upgradedRoutes,
        );
      }
      assert.equal(parts.manager.upgrade_configs, undefined);
      assert.equal(parts.manager.http2_protocol_options.allow_connect, undefined);
    });

    test(leavesCredentials ? "credentials travel on" : "credentials stay here, whatever the route", () => {
      for (const { request_headers_to_remove: removed = [] } of parts.hosts)
        assert.deepEqual(removed, leavesCredentials ? [] : CREDENTIALS);
    });

    test("Envoy learns that a replica stops before it has stopped", () => {
      const drainSeconds = Number(serve.flags["drain-seconds"]?.default);
      for (const check of parts.clusters["tenuo-ext-authz"].health_checks ?? [])
        for (const each of [check.interval, check.no_traffic_interval])
          assert.ok(Number.parseFloat(each) + Number.parseFloat(check.timeout) < drainSeconds, each);
    });

    test(`all else is as in ${STANDARD}`, () => {
      assert.deepEqual(differences(common(partsOf(STANDARD)), common(parts)), differs);
    });
  });
}

/** What files may share. Routes and other filters are what a file is about; the rules above hold for them. */
function common({ hosts: _, filters: __, clusters, ...others }: EnvoyParts): object {
  const { "tenuo-ext-authz": authorizer, upstream } = clusters;
  return { ...others, authorizer, upstream };
}

/** The shortest paths at which two values differ, a list being one value. */
function differences(one: unknown, other: unknown, path = ""): string[] {
  if (isDeepStrictEqual(one, other)) return [];
  if (!isMap(one) || !isMap(other)) return [path];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names
    .flatMap((name) => differences(one[name], other[name], path === "" ? name : `${path}.${name}`))
    .toSorted();
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
