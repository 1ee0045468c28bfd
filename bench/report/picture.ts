import type { ArmFigures, Round } from "../figures.ts";
import { type Spread, spreadOf } from "../measure/statistics.ts";
import type { Results } from "./results.ts";

/** Of the picture, in its own units. */
const WIDTH = 860;
const NAMES = 150;
const PANEL = 340;
const GAP = 20;
const ROW = 24;
const BAR = 14;
const TOP = 56;
const BOTTOM = 30;
/** What a bar leaves of its panel for the figure behind it. */
const FIGURE = 84;

/** Readable on white and on black, whichever the page has. */
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.note{fill:#59636e}
.ours{fill:#0969da}.other{fill:#9a6700}.spread{stroke:#1f2328}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.note{fill:#9198a1}.ours{fill:#4493f8}.other{fill:#bb8009}.spread{stroke:#f0f6fc}}`;

/** Of others; all the rest is this package. */
const OTHERS = /^(no-op$|reference|opa)/;
/** What the others are measured against. */
const BASE = "envoy";

interface Panel {
  readonly title: string;
  readonly read: (round: Round, i: number) => number;
}

/** Added latency and processor time of each arm, as an SVG: medians as bars, least and most as a line. */
export function picture({ arms, date, machine, options }: Results): string {
  const base = arms.find(({ name }) => name === BASE)?.rounds.map(({ alone }) => alone.p50) ?? [];
  const floor = base.length === 0 ? 0 : spreadOf(base).median;
  const panels: readonly Panel[] = [
    {
      title: floor === 0 ? "latency alone, median, µs" : "latency added to Envoy's, alone, median, µs",
      read: ({ alone }) => alone.p50 - floor,
    },
    { title: "processor time for each check, µs", read: ({ full }) => full.cpu },
  ];
  const shown = arms.filter(({ name }) => name !== BASE);
  const height = TOP + shown.length * ROW + BOTTOM;
  const note = `${date}; ${machine.cores} cores, Node ${machine.node.slice(1)}, Envoy ${machine.envoy}; ${options.rounds} rounds, lines from the least to the most`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>Latency and processor time of an authorization check</title>`,
    `<style>${STYLE}</style>`,
    text(0, 16, "An authorization check through Envoy", "title"),
    ...shown.map(({ name }, row) => text(0, baseline(row), name)),
    ...panels.flatMap((panel, i) => drawPanel(panel, NAMES + i * (PANEL + GAP), shown)),
    text(0, height - 8, note, "note"),
    "</svg>\n",
  ].join("\n");
}

function drawPanel({ title, read }: Panel, left: number, arms: readonly ArmFigures[]): readonly string[] {
  const spreads = arms.map(({ rounds }) => spreadOf(rounds.map(read)));
  const most = Math.max(1, ...spreads.map(({ median }) => median));
  const scale = (value: number): number =>
    left + Math.min(1.15, Math.max(0, value) / most) * (PANEL - FIGURE);
  const rows = arms.flatMap(({ name }, row) => drawBar(spreads[row] as Spread, name, row, left, scale));
  return [text(left, TOP - 16, title, "note"), ...rows];
}

function drawBar(
  { median, min, max }: Spread,
  name: string,
  row: number,
  left: number,
  scale: (value: number) => number,
): readonly string[] {
  const [from, to] = [scale(min), scale(max)];
  const middle = TOP + row * ROW + ROW / 2;
  const kind = OTHERS.test(name) ? "other" : "ours";
  const size = `width="${fixed(scale(median) - left)}" height="${BAR}"`;
  return [
    `<rect x="${left}" y="${middle - BAR / 2}" ${size} rx="2" class="${kind}"/>`,
    `<line x1="${fixed(from)}" y1="${middle}" x2="${fixed(to)}" y2="${middle}" class="spread"/>`,
    text(Math.max(to, scale(median)) + 6, baseline(row), median.toFixed(0)),
  ];
}

function baseline(row: number): number {
  return TOP + row * ROW + ROW / 2 + 4;
}

function text(x: number, y: number, content: string, kind = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${fixed(x)}" y="${y}"${kind === "" ? "" : ` class="${kind}"`}>${escaped}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
