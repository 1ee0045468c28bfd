import { type Loaded, loadSnapshot, type Snapshot, type Sources } from "./snapshot.ts";

/** The snapshot in force. It is replaced whole, or not at all. */
export interface State {
  readonly snapshot: () => Snapshot;
  /** Reads all sources again; on any error what was in force stays so. Never throws. */
  readonly reload: () => Loaded;
  /** The last reload, where it failed; undefined once one has succeeded. */
  readonly failedReload: () => FailedReload | undefined;
}

export interface FailedReload {
  /** RFC 3339. */
  readonly at: string;
  readonly errors: readonly string[];
}

/** @param first what was loaded from the sources at start */
export function createState(sources: Sources, first: Snapshot): State {
  let current = first;
  let failed: FailedReload | undefined;
  return {
    snapshot: () => current,
    failedReload: () => failed,
    reload: () => {
      const now = new Date();
      const loaded = tryLoading(sources, now, current);
      if (loaded.ok) current = loaded.snapshot;
      failed = loaded.ok ? undefined : { at: now.toISOString(), errors: loaded.errors };
      return loaded;
    },
  };
}

/** Even a bug in reading a file must not end a service that works. */
function tryLoading(...sources: Parameters<typeof loadSnapshot>): Loaded {
  try {
    return loadSnapshot(...sources);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ok: false, errors: [`can't be loaded, by a fault of this program: ${why}`], warnings: [] };
  }
}
