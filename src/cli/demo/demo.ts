import type { Command } from "../command.ts";

export const demo: Command = {
  name: "demo",
  summary: "show the main job on this machine",
  description: `
Makes keys, a root warrant and a delegated one, writes a gateway.yaml, starts the authorizer on a free port, and
sends real requests: some that are granted and a dozen ways around the grant. They go through Envoy where one is
found (ENVOY_BIN, PATH, Docker), else straight to the authorizer over gRPC. Exit code 1 when a verdict isn't the
expected one.

  tenuo-ext-authz demo --keep`,
  flags: { keep: { help: "stay up afterwards, to go on by hand" } },
  run: async (input) => (await import("./demo-run.ts")).runDemo(input),
};
