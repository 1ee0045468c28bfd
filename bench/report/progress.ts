import type { Round } from "../figures.ts";

/** What a round gave, in a line. */
export function progressLine(name: string, { full, alone, fixed }: Round): string {
  const cells = [
    `cpu ${full.cpu.toFixed(0)} µs`,
    `${full.perSecond.toFixed(0)}/s`,
    `alone ${alone.p50.toFixed(0)} µs`,
    `p99 at 70 % ${(fixed.p99 / 1000).toFixed(1)} ms`,
    ...(full.shed + fixed.shed > 0 ? [`${full.shed + fixed.shed} shed`] : []),
  ];
  return [name.padEnd(20), ...cells].join("  ");
}
