import type { Policy } from "../../decision/authorize.ts";
import type { Mode } from "../../decision/decision.ts";
import { createMemory } from "../../decision/memory.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { roomWithin } from "../room.ts";
import type { ListInForce } from "./revocation-source.ts";
import type { TlsCredentials } from "./tls-files.ts";
import type { TrustedKeys } from "./trusted-keys.ts";

/** The whole state a check depends on. Frozen; a change makes a new one. */
export interface Snapshot extends Parts {
  readonly policy: Policy;
  readonly answers: AnswerSettings;
}

/** What the answer depends on besides the decision. */
export interface AnswerSettings {
  /** Show clients why in detail. */
  readonly debugMode: boolean;
  /** Headers the upstream shall not see on an allow, lower-case. */
  readonly stripHeaders: readonly string[];
}

/** What each source holds, as it is in force. */
export interface Parts {
  readonly config: Config;
  readonly trustedKeys: TrustedKeys;
  /** Undefined where none is named. */
  readonly revocationList: ListInForce | undefined;
  /** Undefined where the port of the checks is without TLS; a reload doesn't change that. */
  readonly tls: TlsCredentials | undefined;
}

/** A gateway.yaml. */
export interface Config {
  readonly gateway: Gateway;
  /** The file itself, from which another process compiles the same. */
  readonly text: string;
  /** Hex, of the file. */
  readonly sha256: string;
  /** RFC 3339; when this content came in force. */
  readonly loadedAt: string;
}

/** What flags and environment say of it; each beats gateway.yaml. */
export interface Overrides {
  readonly mode?: Mode;
  readonly clockToleranceSeconds?: number;
}

/** How far ahead of our clock a warrant may be dated, as in the reference authorizer. */
const DEFAULT_CLOCK_TOLERANCE_SECONDS = 30;

export function createSnapshot(parts: Parts, overrides: Overrides): Snapshot {
  const { gateway } = parts.config;
  const { settings } = gateway;
  const revocation = parts.revocationList?.revocation;
  const mode = overrides.mode ?? settings.mode ?? "enforce";
  const credentials = [settings.warrantHeader, settings.popHeader, settings.approvalHeader];
  return Object.freeze({
    ...parts,
    policy: Object.freeze({
      gateway,
      trust: Object.freeze({
        roots: rootsOf(parts),
        clockToleranceSeconds: clockTolerance(parts, overrides),
        ...(revocation && { revocation }),
      }),
      mode,
      strictestMode: gateway.routes.modes.has("enforce") ? "enforce" : mode,
      memory: createMemory(roomWithin().knownChainsBytes),
    }),
    answers: Object.freeze({
      debugMode: settings.debugMode,
      stripHeaders: settings.stripCredentials ? credentials : [],
    }),
  });
}

/** Hex of the trusted roots of all sources. */
export function rootsOf({ config, trustedKeys }: Pick<Parts, "config" | "trustedKeys">): ReadonlySet<string> {
  return new Set([...config.gateway.settings.trustedRoots, ...trustedKeys.keys].map((key) => key.hex));
}

export function clockTolerance({ config }: Pick<Parts, "config">, overrides: Overrides): number {
  const { clockToleranceSeconds } = config.gateway.settings;
  return overrides.clockToleranceSeconds ?? clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS;
}
