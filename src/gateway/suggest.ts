/** The known name that differs from the given one in at most a third of its letters, if there is one. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(Math.min(given.length, MAX_COMPARED) / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.slice(0, MAX_COMPARED), name.slice(0, MAX_COMPARED));
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/** Names are compared up to here, as the cost grows with the product of the lengths. */
const MAX_COMPARED = 64;

/** Letters to insert, remove or replace to get from one name to the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
