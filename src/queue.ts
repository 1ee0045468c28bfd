/** Items in the order they came, each of which may leave at any time. */
export interface Queue<Item> {
  oldest: Place<Item> | undefined;
  newest: Place<Item> | undefined;
}

/** Of one item in one queue. */
export interface Place<Item> {
  readonly item: Item;
  before: Place<Item> | undefined;
  after: Place<Item> | undefined;
}

export function createQueue<Item>(): Queue<Item> {
  return { oldest: undefined, newest: undefined };
}

export function join<Item>(queue: Queue<Item>, item: Item): Place<Item> {
  const place: Place<Item> = { item, before: queue.newest, after: undefined };
  if (place.before === undefined) queue.oldest = place;
  else place.before.after = place;
  queue.newest = place;
  return place;
}

/** @param place in this queue, and not left before */
export function leave<Item>(queue: Queue<Item>, place: Place<Item>): void {
  const { before, after } = place;
  if (before === undefined) queue.oldest = after;
  else before.after = after;
  if (after === undefined) queue.newest = before;
  else after.before = before;
  // What is garbage already shall not keep what came later.
  place.before = undefined;
  place.after = undefined;
}
