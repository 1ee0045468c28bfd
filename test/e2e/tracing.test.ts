import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { send } from "../support/client.ts";
import { startCollector, withoutCollector } from "../support/collector.ts";
import { envoyBinary } from "../support/envoy.ts";
import { missing } from "../support/missing.ts";
import { startProgram } from "../support/program.ts";
import { startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const GATEWAY = `
version: "2"
settings: {mode: audit}
tools: {t: {}}
routes: [{pattern: /t, tool: t}]
`;

const envoy = await envoyBinary().catch((error) => ({ reason: missing("traces through Envoy", error) }));
const skip = typeof envoy === "string" ? withoutCollector : envoy.reason;

const HTTP2 = `typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}`;

function cluster(name: string, port: number, protocol = ""): string {
  return `
  - name: ${name}
    type: STATIC
    load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}]}]}
    ${protocol}`;
}

function configuration(authorizer: number, collector: number, upstream: number): string {
  return `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: gateway
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: gateway
          tracing:
            spawn_upstream_span: true
            provider:
              name: envoy.tracers.opentelemetry
              typed_config:
                "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
                service_name: envoy
                grpc_service: {envoy_grpc: {cluster_name: collector}, timeout: 1s}
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: upstream}}]}]}
          http_filters:
          - name: envoy.filters.http.ext_authz
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              transport_api_version: V3
              grpc_service: {envoy_grpc: {cluster_name: authorizer}, timeout: 5s}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:${cluster("upstream", upstream)}${cluster("authorizer", authorizer, HTTP2)}${cluster("collector", collector, HTTP2)}
`;
}

test("behind an Envoy that traces, a check is in the client's trace or else in Envoy's", {
  skip,
}, async (t) => {
  const collector = await startCollector(t);
  const address = `http://127.0.0.1:${collector.http}`;
  const service = await startServe(t, GATEWAY, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: address } });
  const upstream = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
  t.after(() => upstream.close());
  await once(upstream, "listening");
  const folder = mkdtempSync(join(tmpdir(), "tenuo-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [config, admin] = [join(folder, "envoy.yaml"), join(folder, "admin")];
  writeFileSync(
    config,
    configuration(service.port, collector.grpc, (upstream.address() as AddressInfo).port),
  );
  const proxy = startProgram(String(envoy), [
    "-c",
    config,
    "--disable-hot-restart",
    "--admin-address-path",
    admin,
  ]);
  t.after(() => proxy.stop());
  const port = await waitFor(
    "Envoy",
    async () => {
      const [host = "", adminPort] = readFileSync(admin, "utf8").split(":");
      const { body } = await send({ host, port: Number(adminPort) }, { target: "/listeners" });
      return Number(/127\.0\.0\.1:(\d+)/.exec(body)?.[1]) || undefined;
    },
    60,
  );

  const trace = "0af7651916cd43dd8448eb211c80319c";
  const span = "b7ad6b7169203331";
  const gateway = { host: "127.0.0.1", port };
  const headers = [["traceparent", `00-${trace}-${span}-01`]] as const;
  assert.equal((await send(gateway, { target: "/t", headers })).status, 200);
  assert.equal((await send(gateway, { target: "/t" })).status, 200);
  await service.stop();
  // Of Envoy's three for each request: its own, that of the call to the authorizer, that of the call to the upstream.
  const spans = await collector.spans(8);
  const checks = spans.filter(
    ({ kind, name }) => kind === "SPAN_KIND_SERVER" && name.endsWith("Authorization/Check"),
  );
  assert.deepEqual(
    checks.map(({ traceId, parentSpanId }) => [traceId === trace, parentSpanId === span]),
    [
      [true, true],
      [false, false],
    ],
  );
  const parent = spans.find(({ spanId }) => spanId === checks[1]?.parentSpanId);
  assert.match(parent?.name ?? "", /^async envoy\.service\.auth\.v3\.Authorization\.Check/);
  assert.equal(parent?.traceId, checks[1]?.traceId);
});
