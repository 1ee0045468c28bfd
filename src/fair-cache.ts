import { createQueue, join, leave, type Place, type Queue } from "./queue.ts";

/**
 * Values by key, within a budget of bytes that no owner can take from the others: while there is room anybody may use
 * it; when it is full, room is made by who holds more than a share, and only else by what is oldest.
 */
export interface FairCache<Value> {
  readonly get: (key: string) => Value | undefined;
  /**
   * Keeps a value, in place of what has its key; one that is larger than a share isn't kept.
   *
   * @param bytes what key and value take
   */
  readonly add: (key: string, value: Value, owner: string, bytes: number) => void;
  /** What all of it takes, {@link ENTRY_BYTES} of each entry included. */
  readonly bytes: () => number;
  readonly size: () => number;
}

/** When it is full, who holds more than one part in so many makes room. */
export const SHARES = 16;

/** What an entry takes beside its key and value, also where it is the only one of its owner. */
export const ENTRY_BYTES = 400;

interface Entry<Value> {
  readonly value: Value;
  readonly bytes: number;
  readonly owner: Owner;
  readonly inAll: Place<string>;
  readonly inOwn: Place<string>;
}

interface Owner {
  readonly name: string;
  readonly keys: Queue<string>;
  bytes: number;
}

/** @param budget bytes */
export function createFairCache<Value>(budget: number): FairCache<Value> {
  const share = budget / SHARES;
  const entries = new Map<string, Entry<Value>>();
  const keys = createQueue<string>();
  const owners = new Map<string, Owner>();
  /** Who holds more than a share: fewer than there are shares. */
  const greedy = new Set<Owner>();
  let held = 0;

  const drop = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    const { owner, bytes } = entry;
    entries.delete(key);
    leave(keys, entry.inAll);
    leave(owner.keys, entry.inOwn);
    held -= bytes;
    owner.bytes -= bytes;
    if (owner.bytes <= share) greedy.delete(owner);
    if (owner.bytes === 0) owners.delete(owner.name);
  };
  const makeRoom = (bytes: number, name: string): void => {
    while (held + bytes > budget) {
      const adding = owners.get(name);
      const isTooMuch = adding !== undefined && adding.bytes + bytes > share;
      const giver = isTooMuch ? adding : greedy.values().next().value;
      const { oldest } = giver?.keys ?? keys;
      if (oldest !== undefined) drop(oldest.item);
    }
  };
  const ownerCalled = (name: string): Owner => {
    const owner = owners.get(name) ?? { name, keys: createQueue(), bytes: 0 };
    owners.set(name, owner);
    return owner;
  };

  return {
    get: (key) => entries.get(key)?.value,
    add: (key, value, name, size) => {
      const bytes = size + ENTRY_BYTES;
      if (bytes > share) return;
      drop(key);
      makeRoom(bytes, name);
      const owner = ownerCalled(name);
      entries.set(key, { value, bytes, owner, inAll: join(keys, key), inOwn: join(owner.keys, key) });
      held += bytes;
      owner.bytes += bytes;
      if (owner.bytes > share) greedy.add(owner);
    },
    bytes: () => held,
    size: () => entries.size,
  };
}
