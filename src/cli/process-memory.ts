/**
 * Flags of Node for a service that stays small, in MiB: the young generation as large as still pays, the old one with room
 * for what the service keeps and for the largest requests. The image has its own, which follow the container's limit.
 */
export const SMALL_HEAP: readonly string[] = ["--max-semi-space-size=4", "--max-old-space-size=48"];

/** For the C library: memory of large messages goes back to the system at once, and what is free is so for all threads. */
const VARIABLES: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "131072",
};

/** Whoever says how large the heap may be has thought of it. */
const SAYS_HOW_LARGE = /--max[-_](?:old[-_]space|semi[-_]space|heap)[-_]size/;

/** How a program started plainly has to be started anew. */
export interface Restart {
  readonly flags: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** @returns undefined where the process may stay as it is. @param flags that Node was started with */
export function restartFor(
  args: readonly string[],
  flags: readonly string[],
  variables: NodeJS.ProcessEnv,
): Restart | undefined {
  const given = [variables["NODE_OPTIONS"] ?? "", ...flags].join(" ");
  if (!args.includes("serve") || SAYS_HOW_LARGE.test(given)) return undefined;
  return {
    flags: [...flags, ...SMALL_HEAP],
    variables: { ...VARIABLES, ...variables } as Record<string, string>,
  };
}
