import assert from "node:assert/strict";
import { test } from "node:test";
import { noHelm, render, type Values } from "../support/chart.ts";

const skip = noHelm();
const TOOL = { t: { constraints: { x: { from: "query", path: "x" } } } };

/** Values that can't work, and all that has to be said of them. */
const REFUSED: Readonly<Record<string, readonly [Values, readonly RegExp[]]>> = {
  "names that are misspelled": [
    { replicas: 2, config: { trustedRoot: "x" } },
    [/additional properties 'replicas' not allowed/, /additional properties 'trustedRoot' not allowed/],
  ],
  "values of the wrong kind": [
    { config: { trustedRoots: ["YOUR_PUBLIC_KEY"], mode: "enforced" }, service: { port: 0 } },
    [
      /trustedRoots\/0': 'YOUR_PUBLIC_KEY' does not match/,
      /mode': value must be one of 'enforce'/,
      /service\/port/,
    ],
  ],
  "names that would become further lines of a manifest": [
    {
      nameOverride: "a\n    b: c",
      fullnameOverride: "a\n  namespace: b",
      serviceAccount: { name: "a\nautomountServiceAccountToken: true" },
      service: { clusterIP: "None\n  externalIPs: [192.0.2.1]" },
    },
    [/\/nameOverride': /, /\/fullnameOverride': /, /\/serviceAccount\/name': /, /\/service\/clusterIP': /],
  ],
  "routes and tools that the service wouldn't load": [
    { gateway: { tools: { t: { constrants: {} } }, routes: [{ patern: "/t", tool: "t" }] } },
    [
      /gateway\/tools\/t': additional properties 'constrants'/,
      /gateway\/routes\/0': additional properties 'patern'/,
    ],
  ],
  "the image of Tenuo's own authorizer": [
    { image: { repository: "tenuo/authorizer" } },
    [/image\.repository: tenuo\/authorizer is Tenuo's own/],
  ],
  "an image named with its tag": [
    { image: { repository: "registry.example:5000/tenuo-ext-authz:0.1.0" } },
    [/image\.repository: .* write it as image\.tag/],
  ],
  "a version of gateway.yaml that isn't there": [{ gateway: { version: "3" } }, [/gateway\/version': '3'/]],
  "a route of a tool that isn't there": [
    { gateway: { tools: TOOL, routes: [{ pattern: "/t", tool: "u" }] } },
    [/gateway\.routes\[0\]: no tool "u" under gateway\.tools/],
  ],
  "two places for one file": [
    {
      trustedKeys: { existingConfigMap: "a", existingSecret: "b" },
      revocation: { existingConfigMap: "a", existingSecret: "b" },
    },
    [/trustedKeys: existingConfigMap and existingSecret/, /revocation: existingConfigMap and existingSecret/],
  ],
  "client certificates without TLS": [
    { tls: { clientCa: { existingSecret: "ca" } } },
    [/tls\.clientCa: .* set tls\.existingSecret/],
  ],
  "terms of a revocation list without one": [
    { revocation: { maxAgeSecs: 60 } },
    [/revocation: .* about a list/],
  ],
  "pods that are killed while they still answer": [
    { drainSeconds: 30, terminationGracePeriodSeconds: 39 },
    [/terminationGracePeriodSeconds: 39 kills .* set 40 or more/],
  ],
  "a network policy that lets nobody in": [
    { networkPolicy: { enabled: true } },
    [/networkPolicy\.proxies: names nobody/],
  ],
  "one port for both": [{ service: { healthPort: 9090 } }, [/service: port and healthPort are the same/]],
  "probes in plain HTTP of the port that speaks TLS": [
    { tls: { existingSecret: "tls" }, livenessProbe: { httpGet: { port: 9090 } } },
    [/livenessProbe: port 9090 speaks TLS/],
  ],
  "autoscaling without an aim": [
    { autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 2, targetCPUUtilizationPercentage: null } },
    [/autoscaling: minReplicas is above maxReplicas/, /autoscaling: set targetCPU/],
  ],
  "a file, and what it takes the place of": [
    { gateway: { file: "version: '2'", tools: TOOL }, config: { trustedRoots: ["0".repeat(64)] } },
    [/gateway\.tools: has no effect beside gateway\.file/, /config\.trustedRoots: has no effect/],
  ],
  "a revocation list that the file doesn't name": [
    { gateway: { file: "settings: {}" }, revocation: { existingSecret: "list" } },
    [/gateway\.file: would ignore the list/],
  ],
  "the path of a file, where the file is meant": [
    { gateway: { file: "config/gateway.yaml" } },
    [/gateway\.file: .* --set-file gateway\.file=PATH/],
  ],
  "a file that isn't YAML": [{ gateway: { file: "version: '2" } }, [/gateway\.file: /]],
};

for (const [name, [values, messages]] of Object.entries(REFUSED)) {
  test(`nothing is made of ${name}`, { skip }, async (t) => {
    const error = await render(t, { values: [values] }).then(
      () => assert.fail("it was made"),
      (reason: Error) => reason,
    );
    for (const message of messages) assert.match(error.message, message);
  });
}
