import { readdirSync, readFileSync } from "node:fs";

/** The unit of times in /proc, on every architecture of Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Processor time of a process, all its threads and the processes below it since their start, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  return withChildren(pid).reduce((sum, each) => sum + ticksOf(stat(each)), 0) * (1e6 / TICKS_PER_SECOND);
}

/** Time in user mode and in the kernel out of a line of /proc/PID/stat; the name in parentheses may hold anything. */
export function ticksOf(line: string): number {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  if (!Number.isInteger(user + system)) throw new Error(`no times in /proc: ${line}`);
  return user + system;
}

/** The process and all those below it. */
export function withChildren(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
      .split(" ")
      .filter((each) => each !== "")
      .map(Number),
  );
  return [pid, ...children.flatMap(withChildren)];
}

function stat(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, "utf8");
}
