import { residentBytes } from "../../test/support/resident.ts";
import { withChildren } from "./cpu.ts";

/** Resident memory of a process and all those below it, in bytes; what they share counts for each. */
export function residentOf(pid: number | undefined): number {
  return pid === undefined ? 0 : withChildren(pid).reduce((sum, each) => sum + residentBytes(each), 0);
}
