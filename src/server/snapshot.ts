import { createHash } from "node:crypto";
import { type PublicKey, publicKeyFromHex } from "../crypto/ed25519.ts";
import type { Policy } from "../decision/authorize.ts";
import type { Mode } from "../decision/decision.ts";
import { loadGateway } from "../gateway/load.ts";
import { formatProblem } from "../gateway/problem.ts";
import type { AnswerSettings } from "./check-response.ts";
import { readTextFile } from "./text-file.ts";

/** Where the state of the service comes from. */
export interface Sources {
  readonly configFile: string;
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
  readonly config: { readonly sha256: string; readonly loadedAt: string };
  /** Why the service isn't ready, if it isn't. */
  readonly unready: readonly string[];
}

export type Loaded =
  | { readonly ok: true; readonly snapshot: Snapshot; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[]; readonly warnings: readonly string[] };

const DEFAULT_CLOCK_TOLERANCE_SECONDS = 30;

/** Reads all sources; reports every error of all of them at once. */
export function loadSnapshot(sources: Sources, now: Date): Loaded {
  const errors: string[] = [];
  const keys = readKeys(sources, errors);

  const text = readInto(errors, sources.configFile);
  if (text === undefined) return { ok: false, errors, warnings: [] };
  const loaded = loadGateway(text, sources.configFile);
  const warnings = loaded.warnings.map(formatProblem);
  if (!loaded.ok) errors.push(...loaded.errors.map(formatProblem));
  if (!loaded.ok || errors.length > 0) return { ok: false, errors, warnings };

  const { gateway } = loaded;
  const { settings } = gateway;
  const roots = new Set([...settings.trustedRoots, ...keys].map((key) => key.hex));
  const clockToleranceSeconds =
    sources.clockToleranceSeconds ?? settings.clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS;
  const credentials = [settings.warrantHeader, settings.popHeader, settings.approvalHeader];
  const mode = sources.mode ?? settings.mode ?? "enforce";
  const snapshot: Snapshot = Object.freeze({
    policy: Object.freeze({
      gateway,
      trust: Object.freeze({ roots, clockToleranceSeconds }),
      mode,
      strictestMode: gateway.routes.modes.has("enforce") ? "enforce" : mode,
    }),
    answers: Object.freeze({
      debugMode: settings.debugMode,
      stripHeaders: settings.stripCredentials ? credentials : [],
    }),
    config: Object.freeze({
      sha256: createHash("sha256").update(text).digest("hex"),
      loadedAt: now.toISOString(),
    }),
    unready: roots.size === 0 ? ["no trusted root is configured"] : [],
  });
  return { ok: true, snapshot, warnings };
}

function readKeys({ trustedKeys, trustedKeysFile }: Sources, errors: string[]): readonly PublicKey[] {
  const listed = [...trustedKeys];
  const lines = trustedKeysFile === undefined ? [] : (readInto(errors, trustedKeysFile)?.split("\n") ?? []);
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

function readInto(errors: string[], file: string): string | undefined {
  try {
    return readTextFile(file);
  } catch (error) {
    errors.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
