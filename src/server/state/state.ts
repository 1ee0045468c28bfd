import { isDeepStrictEqual } from "node:util";
import { type Loaded, reloadSnapshot, type Sources } from "./load-snapshot.ts";
import { isPartRefused, type PartError } from "./part.ts";
import type { FilesSeen } from "./reading.ts";
import type { Snapshot } from "./snapshot.ts";

/** The state, for those who may look at it. */
export interface StateView {
  /** What is in force. */
  readonly snapshot: () => Snapshot;
  /** The last reload, where any part of it failed; undefined once one has succeeded. */
  readonly failedReload: () => FailedReload | undefined;
  readonly reloads: () => ReloadCounts;
}

/** May not throw. */
export type Follower = (snapshot: Snapshot, failed: FailedReload | undefined) => Promise<void>;

/** The snapshot in force. It is replaced whole, or not at all. */
export interface State extends StateView {
  /** Tells of what comes in force; it is in force here once all who follow are done with it. */
  readonly follow: (follower: Follower) => void;
  /**
   * Reads all sources again; what can't be taken stays as it was. Never throws. Not to be asked for again before it is
   * done: the one that ends last would win.
   */
  readonly reload: () => Promise<Loaded>;
  /** Reloads as well, but where that comes to just what the last one came to it counts for nothing, and is undefined. */
  readonly retry: () => Promise<Loaded | undefined>;
  /** The files that were read last, with what each of them held. */
  readonly seen: () => FilesSeen;
}

export interface FailedReload {
  /** RFC 3339. */
  readonly at: string;
  readonly errors: readonly PartError[];
}

/** What reloads came to so far; the load at start isn't one. */
export interface ReloadCounts {
  /** A reload with an error in any part is a failure, whatever else it put in force. */
  readonly total: Results;
  /** Success is another list in force, failure one that couldn't be taken. */
  readonly revocationList: Results;
  /** Unix milliseconds of the last success, or of the start. */
  readonly lastSuccessAt: number;
}

export interface Results {
  readonly success: number;
  readonly failure: number;
}

/** @param first what was loaded from the sources at start */
export function createState(sources: Sources, first: Pick<Loaded, "snapshot" | "seen">): State {
  let current = first;
  let failed: FailedReload | undefined;
  let total: Results = { success: 0, failure: 0 };
  let revocationList = total;
  let lastSuccessAt = Date.now();
  const followers: Follower[] = [];
  const take = async (loaded: Loaded, now: Date): Promise<Loaded> => {
    const { errors } = loaded;
    const failure = errors.length === 0 ? undefined : { at: now.toISOString(), errors };
    await Promise.all(followers.map((follower) => follower(loaded.snapshot, failure)));
    const hasNewList = loaded.snapshot.revocationList !== current.snapshot.revocationList;
    const isListRefused = isPartRefused("revocation_list", errors);
    if (hasNewList || isListRefused) revocationList = count(revocationList, !isListRefused);
    total = count(total, errors.length === 0);
    failed = failure;
    if (errors.length === 0) lastSuccessAt = now.getTime();
    current = loaded;
    return loaded;
  };
  return {
    snapshot: () => current.snapshot,
    failedReload: () => failed,
    reloads: () => ({ total, revocationList, lastSuccessAt }),
    follow: (follower) => void followers.push(follower),
    seen: () => current.seen,
    reload: async () => {
      const now = new Date();
      return take(await tryLoading(sources, now, current), now);
    },
    retry: async () => {
      const now = new Date();
      const loaded = await tryLoading(sources, now, current);
      const isSame =
        loaded.snapshot === current.snapshot && isDeepStrictEqual(loaded.errors, failed?.errors ?? []);
      return isSame ? undefined : take(loaded, now);
    },
  };
}

function count({ success, failure }: Results, isSuccess: boolean): Results {
  return isSuccess ? { success: success + 1, failure } : { success, failure: failure + 1 };
}

/** Even a bug in reading a file must not end a service that works. */
async function tryLoading(
  sources: Sources,
  now: Date,
  { snapshot, seen }: Pick<Loaded, "snapshot" | "seen">,
): Promise<Loaded> {
  try {
    return await reloadSnapshot(sources, now, snapshot);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = `can't be loaded, by a fault of this program: ${why}`;
    return { snapshot, errors: [{ part: "config", message }], warnings: [], seen };
  }
}
