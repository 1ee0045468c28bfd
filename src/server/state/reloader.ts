import { coalesce } from "./coalesce.ts";
import { createFolderWatch, type OpenWatch } from "./folder-watch.ts";
import type { Loaded } from "./load-snapshot.ts";
import { isPartRefused } from "./part.ts";
import { fingerprint } from "./reading.ts";
import type { Snapshot } from "./snapshot.ts";
import type { State } from "./state.ts";
import { untilQuiet } from "./until-quiet.ts";

/** Whoever writes files in place, or several of them, is given this long without another write. */
export const QUIET_MS = 150;
/** A folder in which something happens all the time is looked at no later than this. */
export const PATIENCE_MS = 1_000;
/**
 * How often files are looked at without being told of a change: on a network no one tells, and folders above those
 * that are watched may be replaced.
 */
export const POLL_MS = 10_000;

/**
 * How often a list or a certificate that was refused is tried again though its file stays the same: it may have been too
 * early for it, or a disk was full. To read the largest list takes more than a second.
 */
export const RETRY_MS = 60_000;

/** Why a reload ran: somebody asked for it, or a file holds something else, or can be used by now. */
export type Cause = "signal" | "watch";

export interface Reload {
  readonly cause: Cause;
  readonly before: Snapshot;
  readonly loaded: Loaded;
}

export interface Reloader {
  /** Reloads, whether or not a file changed. */
  readonly reload: () => void;
  readonly close: () => void;
}

export interface ReloaderOptions {
  /** Called after each reload. May not throw. */
  readonly reloaded: (reload: Reload) => void;
  /** Called once where changes are only seen by looking now and then, with why. */
  readonly deaf: (why: string) => void;
  readonly pollMs?: number;
  readonly retryMs?: number;
  readonly open?: OpenWatch;
}

/**
 * Runs the reloads of a state, one at a time: whenever a file it was read from holds something else than it did then,
 * and on demand. What is read at a reload is watched after it. Doesn't keep the process alive.
 */
export function createReloader(
  state: Pick<State, "reload" | "retry" | "seen" | "snapshot" | "failedReload">,
  { reloaded, deaf, pollMs = POLL_MS, retryMs = RETRY_MS, open }: ReloaderOptions,
): Reloader {
  let isDemanded = false;
  let isClosed = false;
  let retryAt = performance.now() + retryMs;
  const look = coalesce(async () => {
    const cause = isDemanded ? "signal" : "watch";
    isDemanded = false;
    const isWanted = cause === "signal" || (await haveChanged(state));
    if (isClosed) return;
    if (isWanted || (performance.now() >= retryAt && mayPass(state))) {
      const before = state.snapshot();
      const loaded = await (isWanted ? state.reload() : state.retry());
      retryAt = performance.now() + retryMs;
      if (loaded !== undefined) reloaded({ cause, before, loaded });
    }
    await folders.follow(state.seen().keys());
  });
  const quiet = untilQuiet(look, QUIET_MS, PATIENCE_MS);
  const folders = createFolderWatch(quiet.ask, deaf, open);
  const poll = setInterval(look, pollMs).unref();
  look();
  return {
    reload: () => {
      isDemanded = true;
      look();
    },
    close: () => {
      isClosed = true;
      clearInterval(poll);
      quiet.cancel();
      folders.close();
    },
  };
}

async function haveChanged({ seen }: Pick<State, "seen">): Promise<boolean> {
  for (const [file, held] of seen()) {
    const holds = await fingerprint(file);
    if (holds !== undefined && holds !== held) return true;
  }
  return false;
}

/** Whether something may be usable later that isn't now; other files are wrong until they change. */
function mayPass({ failedReload }: Pick<State, "failedReload">): boolean {
  const errors = failedReload()?.errors ?? [];
  return isPartRefused("revocation_list", errors) || isPartRefused("tls", errors);
}
