/** How many reloads the output of a service tells so far. */
export function reloadsIn(output: string): number {
  return output.match(/"event":"reload"/g)?.length ?? 0;
}
