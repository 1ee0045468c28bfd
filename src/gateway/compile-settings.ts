import { type PublicKey, publicKeyFromHex } from "../crypto/ed25519.ts";
import type { Settings } from "./gateway.ts";
import { isToken } from "./header.ts";
import type { Report } from "./report.ts";
import type { SettingsEntry } from "./schema.ts";

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
  const keys = new Map<string, PublicKey>();
  for (const list of ["trusted_roots", "trusted_issuers"] as const) {
    for (const [i, text] of (entry[list] ?? []).entries()) {
      const key = publicKeyFromHex(text.trim());
      if (key === undefined) {
        report.error(["settings", list, i], "a trusted root must be an Ed25519 public key in 64 hex digits");
      } else keys.set(key.hex, key);
    }
  }
  return Object.freeze([...keys.values()]);
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
