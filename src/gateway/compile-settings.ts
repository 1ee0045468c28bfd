import { type PublicKey, publicKeyFromHex } from "../crypto/ed25519.ts";
import type { ConfigPath } from "./config-node.ts";
import type { LogSettings, RevocationSettings, Settings } from "./gateway.ts";
import { isToken } from "./header.ts";
import type { Report } from "./report.ts";
import type { LogEntry, RevocationEntry, SettingsEntry } from "./schema.ts";

const HEADERS = ["warrant_header", "pop_header", "approval_header"] as const;

export function compileSettings(entry: SettingsEntry, report: Report): Settings {
  checkHeaders(entry, report);
  return Object.freeze({
    warrantHeader: entry.warrant_header.toLowerCase(),
    popHeader: entry.pop_header.toLowerCase(),
    approvalHeader: entry.approval_header.toLowerCase(),
    ...(entry.clock_tolerance_secs !== undefined && { clockToleranceSeconds: entry.clock_tolerance_secs }),
    trustedRoots: trustedRoots(entry, report),
    debugMode: entry.debug_mode,
    ...(entry.mode !== undefined && { mode: entry.mode }),
    stripCredentials: entry.strip_credentials,
    maxBodyBytes: entry.max_body_bytes,
    maxChainLength: entry.max_chain_length,
    maxApprovals: entry.max_approvals,
    allowPathParameters: entry.allow_path_parameters,
    bodyMediaTypes: mediaTypes(entry, report),
    ...(entry.revocation && { revocation: revocation(entry.revocation, report) }),
    log: logSettings(entry.log),
  });
}

/** Each credential needs a header of its own. */
function checkHeaders(entry: SettingsEntry, report: Report): void {
  const headers = new Map<string, (typeof HEADERS)[number]>();
  for (const key of HEADERS) {
    const name = entry[key].toLowerCase();
    const other = headers.get(name);
    if (!isToken(name)) report.error(["settings", key], `\`${entry[key]}\` can't be the name of a header`);
    else if (other === undefined) headers.set(name, key);
    else {
      const [place, taken] = report.isWritten(["settings", key]) ? [key, other] : [other, key];
      report.error(["settings", place], `\`${entry[place]}\` is already \`${taken}\``);
    }
  }
}

function trustedRoots(entry: SettingsEntry, report: Report): readonly PublicKey[] {
  return distinct(
    (["trusted_roots", "trusted_issuers"] as const).flatMap((list) =>
      publicKeys(entry[list] ?? [], ["settings", list], "a trusted root", report),
    ),
  );
}

function revocation(entry: RevocationEntry, report: Report): RevocationSettings {
  const { file, signers, max_age_secs: maxAgeSeconds, required } = entry;
  const place = ["settings", "revocation"];
  if (file === "") report.error([...place, "file"], "`file` is empty, name a file or leave it out");
  if (signers?.length === 0) {
    report.error(
      [...place, "signers"],
      "`signers` is empty, name a key or leave it out for every trusted root",
    );
  }
  return Object.freeze({
    ...(file !== undefined && { file }),
    ...(signers !== undefined && {
      signers: distinct(publicKeys(signers, [...place, "signers"], "a signer", report)),
    }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    required,
  });
}

function logSettings({ redact, sample_allow: sampleAllow }: LogEntry = EVERYTHING): LogSettings {
  return Object.freeze({ redact: new Set(redact), sampleAllow });
}

const EVERYTHING: LogEntry = { redact: [], sample_allow: 1 };

function publicKeys(
  texts: readonly string[],
  place: ConfigPath,
  what: string,
  report: Report,
): readonly PublicKey[] {
  return texts.flatMap((text, i) => {
    const key = publicKeyFromHex(text.trim());
    if (key === undefined)
      report.error([...place, i], `${what} must be an Ed25519 public key in 64 hex digits`);
    return key ?? [];
  });
}

function distinct(keys: readonly PublicKey[]): readonly PublicKey[] {
  return Object.freeze([...new Map(keys.map((key) => [key.hex, key])).values()]);
}

function mediaTypes(entry: SettingsEntry, report: Report): ReadonlySet<string> {
  const types = new Set<string>();
  for (const [i, text] of (entry.body_media_types ?? []).entries()) {
    const type = text.toLowerCase();
    if (type === "none" || /^[^/\s;,]+\/[^/\s;,]+$/.test(type)) types.add(type);
    else report.error(["settings", "body_media_types", i], `\`${text}\` must be a media type, or \`none\``);
  }
  return types;
}
