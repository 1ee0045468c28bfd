import { VERIFIER } from "../crypto/ed25519.ts";
import type { Policy } from "../decision/authorize.ts";
import type { Log } from "../server/log/log.ts";
import type { LogEvent } from "../server/log/log-events.ts";
import { roomWithin } from "../server/room.ts";
import type { RunningServer } from "../server/server.ts";
import { rfc3339 } from "../server/state/certificates.ts";
import { changesBetween } from "../server/state/changes.ts";
import { listStatus } from "../server/state/list-status.ts";
import type { Loaded } from "../server/state/load-snapshot.ts";
import { messagesOf } from "../server/state/part.ts";
import { POLL_MS, type Reload } from "../server/state/reloader.ts";
import type { Snapshot } from "../server/state/snapshot.ts";
import type { TraceSettings } from "../server/trace/trace-settings.ts";
import { unixNow } from "../server/unix-now.ts";
import { type Revocation, staleness } from "../warrant/revocation.ts";
import type { Notice } from "./notice.ts";
import { VERSION } from "./version.ts";

/** Says where the service listens, and what is in force. */
export function announceStart(
  log: Log,
  { snapshot, warnings }: Pick<Loaded, "snapshot" | "warnings">,
  server: RunningServer,
  configFile: string,
  notice: Notice,
): void {
  const { socket, port } = server;
  log.info("listening", `checks and health pages on ${socket ?? `port ${port}`}`, {
    ...(socket === undefined ? { port } : { socket }),
    health_port: server.healthPort,
    version: VERSION,
    ed25519: VERIFIER,
    config: configFile,
    ...configFields(snapshot),
    warnings,
  });
  announceState(log, snapshot, notice);
}

/** Says where spans go. */
export function announceTracing(log: Log, { endpoint, protocol, sampler }: TraceSettings): void {
  log.info("tracing", `spans go to ${endpoint}`, { protocol, sampler });
}

/** Says what a reload changed, and why a file is not in force. */
export function announceReload(log: Log, { cause, before, loaded }: Reload, notice: Notice): void {
  const { snapshot, errors, warnings } = loaded;
  for (const warning of warnings) notice("warn", warning);
  for (const { message } of errors) notice("error", message);
  const changes = changesBetween(before, snapshot);
  const fields = { cause, changes, ...configFields(snapshot), warnings };
  const isNew = changes.length > 0;
  if (errors.length === 0) {
    const happened = isNew ? "what has changed is in force" : "nothing has changed";
    log.info("reload", happened, { result: "success", ...fields });
  } else {
    const kept = [...new Set(errors.map(({ part }) => part))];
    const others = isNew ? "what else has changed is in force" : "nothing else has changed";
    const details = { result: "failure", kept, errors: messagesOf(errors), ...fields };
    log.error("reload", `not taken, because of errors: ${kept.join(", ")}; ${others}`, details);
  }
  if (snapshot !== before) announceState(log, snapshot, notice);
}

/** Says that changes of files are noticed late. */
export function announceDeaf(log: Log, why: string, notice: Notice): void {
  const warning = `files can't be watched, so a change of them is noticed within ${POLL_MS / 1000} seconds, or at SIGHUP: ${why}`;
  log.warn("watch", warning);
  notice("warn", warning);
}

function configFields({ policy, config, tls }: Snapshot) {
  return {
    mode: policy.mode,
    config_sha256: config.sha256,
    trusted_roots: policy.trust.roots.size,
    ...(tls && { tls_not_after: rfc3339(tls.notAfter) }),
  };
}

/** Says what is known of revocation, and aloud what isn't protected. */
function announceState(log: Log, { policy }: Snapshot, notice: Notice): void {
  const { revocation } = policy.trust;
  const now = unixNow();
  if (revocation !== undefined) announceList(log, revocation, now);
  const warnings = [
    ...warningsAboutTrust(policy, now),
    ...warningsAboutModes(policy),
    ...warningsAboutRoom(policy),
  ];
  for (const [event, warning] of warnings) {
    log.warn(event, warning);
    // The log may be silenced; this may not.
    notice("warn", warning);
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
      "no trusted root is configured: set --trusted-keys, --trusted-keys-file, TENUO_TRUSTED_KEYS or settings.trusted_roots; until then no warrant is believed",
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

function warningsAboutRoom({ gateway }: Policy): Warnings {
  const { maxBodyBytes } = gateway.settings;
  const { arrivingBytes } = roomWithin();
  if (maxBodyBytes <= arrivingBytes) return [];
  return [
    [
      "room",
      `settings.max_body_bytes is ${maxBodyBytes}, but with the memory this process may use, requests above ${arrivingBytes} bytes are overloaded: give it more (--max-old-space-size in NODE_OPTIONS, or a larger limit of the container)`,
    ],
  ];
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
