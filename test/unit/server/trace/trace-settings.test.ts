import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { readTraceSettings } from "../../../../src/server/trace/trace-settings.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

type Variables = Readonly<Record<string, string>>;

function settingsOf(variables: Variables) {
  const { settings, errors } = readTraceSettings({ ...ENDPOINT, ...variables });
  assert.deepEqual(errors, []);
  assert.ok(settings !== undefined);
  return settings;
}

function errorsOf(variables: Variables): readonly string[] {
  const { settings, errors } = readTraceSettings({ ...ENDPOINT, ...variables });
  assert.equal(settings, undefined);
  return errors;
}

test("without an address, disabled, or with no exporter there are no spans, and nothing else is read", () => {
  const wrong = { OTEL_EXPORTER_OTLP_PROTOCOL: "carrier-pigeon" };
  for (const variables of [
    {},
    wrong,
    { OTEL_EXPORTER_OTLP_ENDPOINT: " ", ...wrong },
    { ...ENDPOINT, OTEL_SDK_DISABLED: "TRUE", ...wrong },
    { ...ENDPOINT, OTEL_TRACES_EXPORTER: "none", ...wrong },
  ])
    assert.deepEqual(readTraceSettings(variables), { settings: undefined, errors: [] });
});

test("an address is enough", () => {
  assert.deepEqual(settingsOf({}), {
    protocol: "http/protobuf",
    endpoint: "http://collector:4318",
    resource: { "service.name": "tenuo-ext-authz" },
    sampler: "parentbased_always_on",
    ratio: 1,
    batch: {
      maxQueueSize: 2048,
      maxExportBatchSize: 256,
      scheduledDelayMillis: 5000,
      exportTimeoutMillis: 30_000,
    },
  });
});

test("what is told of the address has neither credentials nor a path", () => {
  const { endpoint } = settingsOf({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://user:secret@otlp.test/key/v1/traces?token=secret",
  });
  assert.equal(endpoint, "https://otlp.test");
});

test("a gRPC address may lack a scheme, or be a Unix socket", () => {
  for (const address of ["collector:4317", "http://collector:4317", "unix:///run/otel.sock"])
    settingsOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: address, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" });
});

test("the name of the service beats the one among the attributes", () => {
  const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=a, zone = x%2Cy ," };
  assert.deepEqual(settingsOf(attributes).resource, { "service.name": "a", zone: "x,y" });
  assert.equal(settingsOf({ ...attributes, OTEL_SERVICE_NAME: "b" }).resource["service.name"], "b");
});

test("a batch is no larger than the queue", () => {
  assert.equal(settingsOf({ OTEL_BSP_MAX_QUEUE_SIZE: "10" }).batch.maxExportBatchSize, 10);
  assert.equal(errorsOf({ OTEL_BSP_MAX_QUEUE_SIZE: "10", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "11" }).length, 1);
});

test("every wrong value is told at once, by the name of its variable", () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318",
    OTEL_TRACES_EXPORTER: "zipkin",
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_COMPRESSION: "br",
    OTEL_EXPORTER_OTLP_TIMEOUT: "10s",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20s3cret,s3cret,a=s3cret%",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=s3cret%0A",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/nowhere/ca.pem",
    OTEL_TRACES_SAMPLER: "xray",
    OTEL_BSP_MAX_QUEUE_SIZE: "0",
    OTEL_BSP_SCHEDULE_DELAY: "-1",
    OTEL_BSP_EXPORT_TIMEOUT: "1e3",
    OTEL_RESOURCE_ATTRIBUTES: "zone",
  };
  const errors = errorsOf(wrong);
  assert.deepEqual(
    new Set(errors.map((error) => error.split(":", 1)[0])),
    new Set(Object.keys(wrong)),
    errors.join("\n"),
  );
  assert.equal(errors.filter((error) => error.includes("HEADERS")).length, 3);
  assert.ok(!errors.some((error) => error.includes("s3cret")), "no error shows a credential");
});

test("a part of the traces is a number from 0 to 1", () => {
  const ratio = (arg: string) => ({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: arg });
  assert.equal(settingsOf(ratio("0.25")).ratio, 0.25);
  assert.equal(settingsOf(ratio("")).ratio, 1);
  for (const arg of ["1.1", "-0.1", "half", "0x1"]) assert.equal(errorsOf(ratio(arg)).length, 1, arg);
});

test("files for TLS have to be there, to be PEM, and to come in pairs", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const garbage = join(folder, "garbage.pem");
  writeFileSync(garbage, "garbage");
  const key = join(folder, "key.pem");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  const name = "OTEL_EXPORTER_OTLP_CLIENT";
  assert.match(errorsOf({ [`${name}_KEY`]: key }).join(), /need one another/);
  const pair = { [`${name}_KEY`]: key, [`${name}_CERTIFICATE`]: garbage };
  assert.match(errorsOf(pair).join(), /not usable for TLS/);
  const [missing] = errorsOf({ OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder, "none.pem") });
  assert.match(missing ?? "", /^OTEL_EXPORTER_OTLP_CERTIFICATE: .*none\.pem: no such file$/);
});

test("whatever the variables hold, it is read or told, and nothing is thrown", () => {
  const names = ["ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT"].map((part) => `OTEL_EXPORTER_OTLP_${part}`);
  const others = ["OTEL_TRACES_SAMPLER_ARG", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_BSP_MAX_QUEUE_SIZE"];
  const variables = fc.dictionary(fc.constantFrom(...names, ...others), fc.string());
  fc.assert(
    fc.property(variables, (some) => {
      const { settings, errors } = readTraceSettings({ ...ENDPOINT, ...some });
      if (settings !== undefined) assert.deepEqual(errors, []);
    }),
  );
});
