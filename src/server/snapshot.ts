import { createHash } from "node:crypto";
import { type PublicKey, publicKeyFromHex } from "../crypto/ed25519.ts";
import type { Policy } from "../decision/authorize.ts";
import type { Mode } from "../decision/decision.ts";
import type { AnswerSettings } from "./check-response.ts";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import { readTextFile } from "./read-file.ts";
import { loadRevocation, type RevocationSource } from "./revocation-source.ts";

/** Where the state of the service comes from. */
export interface Sources extends RevocationSource {
  /** Hex keys from flags and environment, with the name of where each was given. */
  readonly trustedKeys: readonly { readonly from: string; readonly hex: string }[];
  /** One hex key a line; empty lines and `#` comments are skipped. */
  readonly trustedKeysFile?: string;
  /** These beat the file. */
  readonly mode?: Mode;
  readonly clockToleranceSeconds?: number;
}

/** The whole state a check depends on. Frozen; a change makes a new one. */
export interface Snapshot {
  readonly policy: Policy;
  readonly answers: AnswerSettings;
  readonly config: { readonly file: ConfigFile; readonly sha256: string; readonly loadedAt: string };
}

export type Loaded =
  | { readonly ok: true; readonly snapshot: Snapshot; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[]; readonly warnings: readonly string[] };

/** How far ahead of our clock a warrant may be dated, as in the reference authorizer. */
const DEFAULT_CLOCK_TOLERANCE_SECONDS = 30;

/**
 * Reads all sources; reports every error of all of them at once. Only when there is none does the floor of revocation
 * lists rise.
 *
 * @param previous what is in force, if something is. A file that was cut while it was written can still be a whole one;
 * so what is in force never gives way to no root, to no revocation list or to an older one.
 */
export async function loadSnapshot(sources: Sources, now: Date, previous?: Snapshot): Promise<Loaded> {
  const errors: string[] = [];
  const keys = await readKeys(sources, errors);

  const config = readConfigFile(sources.configFile, previous?.config.file);
  const { warnings } = config;
  if (!config.ok) errors.push(...config.errors);
  if (!config.ok || errors.length > 0) return { ok: false, errors, warnings };

  const { gateway, text } = config;
  const { settings } = gateway;
  const roots = new Set([...settings.trustedRoots, ...keys].map((key) => key.hex));
  const trusted = previous?.policy.trust;
  if (roots.size === 0 && trusted !== undefined && trusted.roots.size > 0) {
    const error = "no trusted root is left, so no warrant would be believed; name one, or restart without";
    return { ok: false, errors: [error], warnings };
  }
  const clockToleranceSeconds =
    sources.clockToleranceSeconds ?? settings.clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS;
  const terms = { signers: roots, now: Math.floor(now.getTime() / 1000), clockToleranceSeconds };
  const accepted = trusted?.revocation?.list;
  const revocation = await attempt(errors, () =>
    loadRevocation(sources, settings.revocation, terms, accepted),
  );
  if (errors.length > 0) return { ok: false, errors, warnings };

  const credentials = [settings.warrantHeader, settings.popHeader, settings.approvalHeader];
  const mode = sources.mode ?? settings.mode ?? "enforce";
  const snapshot: Snapshot = Object.freeze({
    policy: Object.freeze({
      gateway,
      trust: Object.freeze({ roots, clockToleranceSeconds, ...(revocation && { revocation }) }),
      mode,
      strictestMode: gateway.routes.modes.has("enforce") ? "enforce" : mode,
    }),
    answers: Object.freeze({
      debugMode: settings.debugMode,
      stripHeaders: settings.stripCredentials ? credentials : [],
    }),
    config: Object.freeze({
      file: config,
      sha256: createHash("sha256").update(text).digest("hex"),
      loadedAt: now.toISOString(),
    }),
  });
  return { ok: true, snapshot, warnings };
}

async function readKeys(
  { trustedKeys, trustedKeysFile }: Sources,
  errors: string[],
): Promise<readonly PublicKey[]> {
  const listed = [...trustedKeys];
  const text = trustedKeysFile && (await attempt(errors, () => readTextFile(trustedKeysFile)));
  const lines = text?.split("\n") ?? [];
  for (const [index, line] of lines.entries()) {
    const hex = line.replace(/#.*/, "").trim();
    if (hex !== "") listed.push({ from: `${trustedKeysFile}:${index + 1}:1`, hex });
  }
  return listed.flatMap(({ from, hex }) => {
    const key = publicKeyFromHex(hex);
    // Not the text itself: a private key given by mistake would land in a log.
    if (key === undefined)
      errors.push(`${from}: ${hex.length} characters that are not an Ed25519 public key (64 hex digits)`);
    return key ?? [];
  });
}

async function attempt<Result>(
  errors: string[],
  work: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    errors.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
