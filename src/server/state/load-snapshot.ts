import { compileConfig } from "./config-file.ts";
import { isPartRefused, type PartError, PartFault, takePart } from "./part.ts";
import { createReading, type FilesSeen, type Reading } from "./reading.ts";
import { loadRevocation, namedList, type RevocationSource } from "./revocation-source.ts";
import {
  type Config,
  clockTolerance,
  createSnapshot,
  type Overrides,
  type Parts,
  rootsOf,
  type Snapshot,
} from "./snapshot.ts";
import { readTls, type TlsFiles } from "./tls-files.ts";
import { readTrustedKeys, type TrustedKeysSource } from "./trusted-keys.ts";

/** Where the state of the service comes from. */
export interface Sources extends RevocationSource, TrustedKeysSource, Overrides {
  /** Undefined: no TLS. */
  readonly tls?: TlsFiles;
}

/** What reading all sources came to. */
export interface Loaded {
  /** What is to be in force: with a part that couldn't be taken as it was. */
  readonly snapshot: Snapshot;
  /** Of every part that couldn't be taken. */
  readonly errors: readonly PartError[];
  /** Of what was read anew. */
  readonly warnings: readonly string[];
  /** Every file that was read, or that should have been. */
  readonly seen: FilesSeen;
}

export type FirstLoaded =
  | ({ readonly ok: true } & Loaded)
  | ({ readonly ok: false } & Omit<Loaded, "snapshot">);

/** Reads all sources at start: with an error in any of them there is no snapshot, but every error of all of them. */
export async function loadSnapshot(sources: Sources, now: Date): Promise<FirstLoaded> {
  const { parts, errors, ...rest } = await loadParts(sources, now);
  if (parts === undefined || errors.length > 0) return { ok: false, errors, ...rest };
  return { ok: true, snapshot: createSnapshot(parts, sources), errors, ...rest };
}

/**
 * Reads all sources again, each by itself: a part that can't be taken stays as it is in force, and holds up no other.
 * A file that was cut while it was written can still be a whole one; so the last trusted root and the revocation list
 * are never taken away, nor does a list give way to an older one.
 *
 * @returns the very snapshot in force where nothing changed
 */
export async function reloadSnapshot(sources: Sources, now: Date, inForce: Snapshot): Promise<Loaded> {
  const { parts, ...rest } = await loadParts(sources, now, inForce);
  const isSame =
    parts === undefined ||
    (Object.keys(parts) as (keyof Parts)[]).every((name) => parts[name] === inForce[name]);
  return { snapshot: isSame ? inForce : createSnapshot(parts, sources), ...rest };
}

interface LoadedParts extends Omit<Loaded, "snapshot"> {
  /** Undefined at start, when one that others need is missing. */
  readonly parts: Parts | undefined;
}

async function loadParts(sources: Sources, now: Date, inForce?: Snapshot): Promise<LoadedParts> {
  const errors: PartError[] = [];
  const warnings: string[] = [];
  const reading = createReading(inForce !== undefined);
  const rest = { errors, warnings, seen: reading.seen };
  const unixNow = Math.floor(now.getTime() / 1000);
  const tls = await takePart(
    "tls",
    errors,
    inForce?.tls,
    () => sources.tls && readTls(sources.tls, unixNow, reading, warnings, inForce?.tls),
  );
  const keys = await takePart("trusted_keys", errors, inForce?.trustedKeys, () =>
    readTrustedKeys(sources, reading, inForce?.trustedKeys),
  );
  const file = await takePart("config", errors, inForce?.config, () =>
    readConfig(sources, now, reading, warnings, inForce),
  );
  if (keys === undefined || file === undefined) return { parts: undefined, ...rest };
  const { config, trustedKeys } = keepLastRoot({ config: file, trustedKeys: keys }, sources, errors, inForce);

  const { settings } = config.gateway;
  const terms = {
    signers: rootsOf({ config, trustedKeys }),
    now: unixNow,
    clockToleranceSeconds: clockTolerance({ config }, sources),
  };
  const revocationList = await takePart("revocation_list", errors, inForce?.revocationList, () =>
    loadRevocation(sources, settings.revocation, terms, reading, inForce?.revocationList),
  );
  if (revocationList === undefined && inForce !== undefined && isPartRefused("revocation_list", errors)) {
    const unlisted = keepUnlisted(trustedKeys, sources, errors, inForce);
    return { parts: { ...unlisted, revocationList, tls }, ...rest };
  }
  return { parts: { config, trustedKeys, revocationList, tls }, ...rest };
}

/** @throws {PartFault} with every error of the file */
async function readConfig(
  sources: Sources,
  now: Date,
  reading: Reading,
  warnings: string[],
  inForce: Parts | undefined,
): Promise<Config> {
  const { configFile } = sources;
  const { text, sha256 } = await reading.text(configFile);
  // To compile a thousand routes takes a quarter of a second.
  if (inForce?.config.sha256 === sha256) return inForce.config;
  const file = compileConfig(text, configFile);
  warnings.push(...file.warnings);
  if (!file.ok) throw new PartFault(file.errors);
  namedList(sources, file.gateway.settings.revocation, inForce?.revocationList?.revocation.list);
  return Object.freeze({ gateway: file.gateway, text, sha256, loadedAt: now.toISOString() });
}

/** The file that would take away the last trusted root stays as it is in force. */
function keepLastRoot(
  parts: Pick<Parts, "config" | "trustedKeys">,
  { configFile, trustedKeysFile }: Sources,
  errors: PartError[],
  inForce: Snapshot | undefined,
): Pick<Parts, "config" | "trustedKeys"> {
  if (inForce === undefined || inForce.policy.trust.roots.size === 0 || rootsOf(parts).size > 0) return parts;
  const { config, trustedKeys } = inForce;
  const hadKeys = trustedKeys.keys.length > 0;
  errors.push({
    part: hadKeys ? "trusted_keys" : "config",
    message: `${hadKeys ? trustedKeysFile : configFile}: no trusted root is left, so no warrant would be believed; name one, or restart without`,
  });
  return hadKeys ? { ...parts, trustedKeys } : { ...parts, config };
}

/** The gateway.yaml that asks for the first list stays out of force without it: nothing would be revoked meanwhile. */
function keepUnlisted(
  trustedKeys: Parts["trustedKeys"],
  sources: Sources,
  errors: PartError[],
  inForce: Snapshot,
): Pick<Parts, "config" | "trustedKeys"> {
  errors.push({
    part: "config",
    message: `${sources.configFile}: names the first revocation list, which can't be used; until it can, this file isn't in force`,
  });
  return keepLastRoot({ config: inForce.config, trustedKeys }, sources, errors, inForce);
}
