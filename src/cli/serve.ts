import { DEFAULT_MAX_INFLIGHT } from "../server/check/work-queue.ts";
import { LOG_LEVELS } from "../server/log/log-level.ts";
import type { Command } from "./command.ts";
import { LISTENING_FLAGS } from "./listening.ts";

export const serve: Command = {
  name: "serve",
  summary: "run the authorizer",
  description: `
Answers Envoy's gRPC ext_authz checks (envoy.service.auth.v3.Authorization) on one port, together with the
pages /health, /healthz, /ready and /status; the health port has these and /metrics. Trusted roots are united
from the flags, the environment and settings.trusted_roots of the file. Files are read again when they change, and
at SIGHUP; one with an error stays in force as it was.

  tenuo-ext-authz serve --config gateway.yaml --trusted-keys $ROOT_PUBLIC_KEY`,
  flags: {
    config: { value: "FILE", short: "c", help: "gateway.yaml: tools, routes, settings" },
    ...LISTENING_FLAGS,
    "trusted-keys": {
      value: "HEX,…",
      help: "public keys of trusted roots, comma-separated",
      repeatable: true,
      variable: "TENUO_TRUSTED_KEYS",
    },
    "trusted-keys-file": { value: "FILE", help: "the same, one key a line" },
    mode: {
      value: "MODE",
      help: "enforce, or audit or permissive to let denied requests pass; beats settings.mode, but not the mode of a route",
      variable: "TENUO_MODE",
    },
    "clock-tolerance": {
      value: "SECONDS",
      help: "how far ahead of this clock a warrant may be issued; beats settings.clock_tolerance_secs",
      variable: "TENUO_CLOCK_TOLERANCE",
    },
    "drain-seconds": {
      value: "N",
      help: "on SIGTERM, how long to go on answering, already unready, before connections are told to go",
      default: "5",
    },
    workers: {
      value: "N",
      help: "processes that answer checks, each on a core and with memory of its own; auto for one a core, as far as limits of the container let it use them",
      default: "1",
    },
    "max-inflight": {
      value: "N",
      help: "checks that may wait for their turn, in each worker; above it they are denied as overloaded",
      default: String(DEFAULT_MAX_INFLIGHT),
    },
    "max-connection-age": {
      value: "SECONDS",
      help: "how long a proxy keeps a connection, so that new replicas get their share; 0 for as long as it likes",
      default: "1800",
    },
    "log-level": {
      value: "LEVEL",
      help: LOG_LEVELS.join(", "),
      default: "info",
      variable: "TENUO_LOG_LEVEL",
    },
    "revocation-list": {
      value: "FILE",
      help: "signed revocation list, as bytes or base64; beats settings.revocation.file",
      variable: "TENUO_REVOCATION_LIST",
    },
    "revocation-floor": {
      value: "FILE",
      help: "keeps the highest version of the list over restarts; written at start and with each new list",
      variable: "TENUO_REVOCATION_FLOOR",
    },
    "control-plane-url": { value: "URL", help: "not supported yet", variable: "TENUO_CONTROL_PLANE_URL" },
    "connect-token": { value: "TOKEN", help: "not supported yet", variable: "TENUO_CONNECT_TOKEN" },
  },
  run: async (input) => (await import("./serve-run.ts")).runServe(input),
};
