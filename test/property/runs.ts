/** How often a property is tried: its own number, times PROPERTY_RUNS for a long search. */
export function runs(usual: number): { readonly numRuns: number } {
  const factor = Number(process.env["PROPERTY_RUNS"] ?? 1);
  if (!(factor > 0)) throw new RangeError("PROPERTY_RUNS isn't a number above 0");
  return { numRuns: Math.ceil(usual * factor) };
}
