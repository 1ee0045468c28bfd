import { type Loaded, loadSnapshot, type Snapshot, type Sources } from "./snapshot.ts";

/** The state, for those who may look at it. */
export interface StateView {
  /** What is in force. */
  readonly snapshot: () => Snapshot;
  /** The last reload, where it failed; undefined once one has succeeded. */
  readonly failedReload: () => FailedReload | undefined;
}

/** The snapshot in force. It is replaced whole, or not at all. */
export interface State extends StateView {
  /**
   * Reads all sources again; on any error what was in force stays so. Never throws. Not to be asked for again before it is
   * done: the one that ends last would win.
   */
  readonly reload: () => Promise<Loaded>;
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
    reload: async () => {
      const now = new Date();
      const loaded = await tryLoading(sources, now, current);
      if (loaded.ok) current = loaded.snapshot;
      failed = loaded.ok ? undefined : { at: now.toISOString(), errors: loaded.errors };
      return loaded;
    },
  };
}

/** Even a bug in reading a file must not end a service that works. */
async function tryLoading(...sources: Parameters<typeof loadSnapshot>): Promise<Loaded> {
  try {
    return await loadSnapshot(...sources);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ok: false, errors: [`can't be loaded, by a fault of this program: ${why}`], warnings: [] };
  }
}
