import type { Policy } from "../decision/authorize.ts";
import type { Log } from "../server/log.ts";
import { listStatus, type RunningServer } from "../server/server.ts";
import type { Snapshot } from "../server/snapshot.ts";
import { type Revocation, staleness } from "../warrant/revocation.ts";
import type { Input } from "./command.ts";
import { VERSION } from "./version.ts";

/** Says where the service listens, what it knows of revocation, and aloud what isn't protected. */
export function announce(
  log: Log,
  { policy, config }: Snapshot,
  server: RunningServer,
  configFile: string,
  stderr: Input["stderr"],
): void {
  const { roots, revocation } = policy.trust;
  log.info("listening", `checks and health pages on port ${server.port}`, {
    port: server.port,
    health_port: server.healthPort,
    version: VERSION,
    mode: policy.mode,
    config: configFile,
    config_sha256: config.sha256,
    trusted_roots: roots.size,
  });
  const now = Math.floor(Date.now() / 1000);
  if (revocation !== undefined) announceList(log, revocation, now);
  for (const [event, warning] of [...warningsAboutTrust(policy, now), ...warningsAboutModes(policy)]) {
    log.warn(event, warning);
    // The log may be silenced; this may not.
    stderr(`warning: ${warning}\n`);
  }
}

function announceList(log: Log, { list }: Revocation, now: number): void {
  const { version, ids, issuer } = list;
  log.info("revocation_list", `revocation list version ${version}, ${ids.size} warrants revoked`, {
    ...listStatus(list, now),
    issuer,
  });
}

type Warnings = readonly (readonly [event: string, warning: string])[];

function warningsAboutTrust({ trust }: Policy, now: number): Warnings {
  const warnings: (readonly [string, string])[] = [];
  if (trust.roots.size === 0) {
    warnings.push([
      "unready",
      "no trusted root is configured: set --trusted-keys, TENUO_TRUSTED_KEYS or settings.trusted_roots; until then no warrant is believed",
    ]);
  }
  const stale = trust.revocation && staleness(trust.revocation, now);
  if (stale !== undefined) {
    warnings.push(
      trust.revocation?.required === true
        ? ["unready", `${stale}; until a restart with a newer one every request is refused`]
        : ["revocation_list", `${stale}; it is used all the same`],
    );
  }
  return warnings;
}

function warningsAboutModes({ mode, strictestMode, gateway }: Policy): Warnings {
  const watched = "requests that would be denied pass, and are logged as would_deny";
  const warnings: (readonly [string, string])[] = [];
  if (mode !== "enforce" && strictestMode !== "enforce") {
    warnings.push(["mode", `NOTHING IS BLOCKED: the mode is ${mode}; ${watched}`]);
  } else if (mode !== "enforce") {
    warnings.push([
      "mode",
      `ONLY SOME ROUTES BLOCK: the mode is ${mode} but for routes that enforce; elsewhere ${watched}`,
    ]);
  } else if ([...gateway.routes.modes].some((each) => each !== "enforce")) {
    warnings.push(["mode", `SOME ROUTES DON'T BLOCK: they set a mode of their own; there ${watched}`]);
  }
  return warnings;
}
