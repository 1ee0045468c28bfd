import type { Policy } from "../decision/authorize.ts";
import type { Loaded } from "../server/load-snapshot.ts";
import type { Log } from "../server/log.ts";
import type { LogEvent } from "../server/log-events.ts";
import { messagesOf } from "../server/part.ts";
import type { RunningServer } from "../server/server.ts";
import type { Snapshot } from "../server/snapshot.ts";
import { listStatus } from "../server/status.ts";
import { type Revocation, staleness } from "../warrant/revocation.ts";
import type { Input } from "./command.ts";
import { VERSION } from "./version.ts";

/** Says where the service listens, and what is in force. */
export function announceStart(
  log: Log,
  snapshot: Snapshot,
  server: RunningServer,
  configFile: string,
  stderr: Input["stderr"],
): void {
  log.info("listening", `checks and health pages on port ${server.port}`, {
    port: server.port,
    health_port: server.healthPort,
    version: VERSION,
    config: configFile,
    ...configFields(snapshot),
  });
  announceState(log, snapshot, stderr);
}

/** Says what is in force after a reload, and why a file is not. */
export function announceReload(
  log: Log,
  { snapshot, errors, warnings }: Loaded,
  stderr: Input["stderr"],
): void {
  for (const warning of warnings) stderr(`warning: ${warning}\n`);
  for (const { message } of errors) stderr(`${message}\n`);
  const fields = { ...configFields(snapshot), warnings };
  if (errors.length === 0) {
    log.info("reload", "all files were read again and are in force", { result: "success", ...fields });
  } else {
    const kept = [...new Set(errors.map(({ part }) => part))];
    log.error("reload", `there are errors: what was in force stays so for ${kept.join(", ")}`, {
      ...{ result: "failure", kept, errors: messagesOf(errors) },
      ...fields,
    });
  }
  announceState(log, snapshot, stderr);
}

function configFields({ policy, config }: Snapshot) {
  return { mode: policy.mode, config_sha256: config.sha256, trusted_roots: policy.trust.roots.size };
}

/** Says what is known of revocation, and aloud what isn't protected. */
function announceState(log: Log, { policy }: Snapshot, stderr: Input["stderr"]): void {
  const { revocation } = policy.trust;
  const now = Math.floor(Date.now() / 1000);
  if (revocation !== undefined) announceList(log, revocation, now);
  for (const [event, warning] of [...warningsAboutTrust(policy, now), ...warningsAboutModes(policy)]) {
    log.warn(event, warning);
    // The log may be silenced; this may not.
    stderr(`warning: ${warning}\n`);
  }
}

function announceList(log: Log, { list }: Revocation, now: number): void {
  const status = listStatus(list, now);
  const message = `revocation list version ${list.version}, ${status.entries} warrants revoked`;
  log.info("revocation_list", message, { ...status, issuer: list.issuer });
}

type Warnings = readonly (readonly [event: LogEvent, warning: string])[];

function warningsAboutTrust({ trust }: Policy, now: number): Warnings {
  const warnings: [event: LogEvent, warning: string][] = [];
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
        ? ["unready", `${stale}; until a newer one is loaded every request is refused`]
        : ["revocation_list", `${stale}; it is used all the same`],
    );
  }
  return warnings;
}

function warningsAboutModes({ mode, strictestMode, gateway }: Policy): Warnings {
  const watched = "requests that would be denied pass, and are logged as would_deny";
  const warnings: [event: LogEvent, warning: string][] = [];
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
