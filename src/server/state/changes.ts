import type { LogSettings, RevocationSettings, Settings } from "../../gateway/gateway.ts";
import type { Revocation } from "../../warrant/revocation.ts";
import { cut } from "../explain.ts";
import { rfc3339 } from "./certificates.ts";
import { changeOf, membershipChanges } from "./change-text.ts";
import { listStatus } from "./list-status.ts";
import { routeChanges } from "./route-changes.ts";
import type { Snapshot } from "./snapshot.ts";
import type { TlsCredentials } from "./tls-files.ts";

/** What is told of one reload; more changes than that are counted. */
export const MAX_CHANGES = 50;

/** What is judged otherwise by another snapshot, for people; in the same order each time. */
export function changesBetween(before: Snapshot, after: Snapshot): readonly string[] {
  if (before === after) return [];
  const changes = [
    ...changeOf("mode", before.policy.mode, after.policy.mode),
    ...changeOf("version of gateway.yaml", before.policy.gateway.version, after.policy.gateway.version),
    ...settingChanges(before, after),
    ...membershipChanges("trusted root", before.policy.trust.roots, after.policy.trust.roots),
    ...listChanges(before.policy.trust.revocation, after.policy.trust.revocation),
    ...tlsChanges(before.tls, after.tls),
    ...routeChanges(before.policy.gateway.routes.all, after.policy.gateway.routes.all),
  ].map((change) => cut(change));
  if (changes.length <= MAX_CHANGES) return changes;
  return [...changes.slice(0, MAX_CHANGES), `and ${changes.length - MAX_CHANGES} more`];
}

/** By their names in gateway.yaml. Roots, mode and clock tolerance are told as what came of all sources. */
const SETTINGS: Readonly<
  Record<
    Exclude<keyof Settings, "trustedRoots" | "mode" | "clockToleranceSeconds" | "revocation" | "log">,
    string
  >
> = {
  warrantHeader: "warrant_header",
  popHeader: "pop_header",
  approvalHeader: "approval_header",
  debugMode: "debug_mode",
  stripCredentials: "strip_credentials",
  maxBodyBytes: "max_body_bytes",
  maxChainLength: "max_chain_length",
  maxApprovals: "max_approvals",
  allowPathParameters: "allow_path_parameters",
  bodyMediaTypes: "body_media_types",
};

const REVOCATION: Readonly<Record<keyof RevocationSettings, string>> = {
  file: "revocation.file",
  signers: "revocation.signers",
  maxAgeSeconds: "revocation.max_age_secs",
  required: "revocation.required",
};

const LOG: Readonly<Record<keyof LogSettings, string>> = {
  redact: "log.redact",
  sampleAllow: "log.sample_allow",
};

function settingChanges(before: Snapshot, after: Snapshot): readonly string[] {
  const [old, next] = [before.policy.gateway.settings, after.policy.gateway.settings];
  return [
    ...changeOf(
      "clock_tolerance_secs",
      before.policy.trust.clockToleranceSeconds,
      after.policy.trust.clockToleranceSeconds,
    ),
    ...memberChanges(SETTINGS, old, next),
    ...memberChanges(REVOCATION, old.revocation ?? {}, next.revocation ?? {}),
    ...memberChanges(LOG, old.log, next.log),
  ];
}

function memberChanges<Name extends string>(
  names: Readonly<Record<Name, string>>,
  before: { readonly [Key in Name]?: unknown },
  after: { readonly [Key in Name]?: unknown },
): readonly string[] {
  return (Object.keys(names) as Name[]).flatMap((key) =>
    changeOf(`settings.${names[key]}`, before[key], after[key]),
  );
}

function listChanges(before: Revocation | undefined, after: Revocation | undefined): readonly string[] {
  if (before?.list === after?.list) return [];
  return changeOf("revocation list", showList(before), showList(after));
}

function showList(revocation: Revocation | undefined): string {
  if (revocation === undefined) return "none";
  const { list } = revocation;
  const { entries } = listStatus(list, 0);
  return `version ${list.version} of ${rfc3339(list.issuedAt)} with ${entries} ids`;
}

function tlsChanges(
  before: TlsCredentials | undefined,
  after: TlsCredentials | undefined,
): readonly string[] {
  const none: ReadonlySet<string> = new Set();
  return [
    ...changeOf("certificate", showCertificate(before), showCertificate(after)),
    ...membershipChanges(
      "client CA",
      before?.clientCaFingerprints ?? none,
      after?.clientCaFingerprints ?? none,
    ),
  ];
}

function showCertificate(tls: TlsCredentials | undefined): string {
  return tls === undefined ? "none" : `${tls.fingerprint} until ${rfc3339(tls.notAfter)}`;
}
