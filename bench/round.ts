import { prepareInOneWindow } from "./calls/in-one-window.ts";
import {
  type Contender,
  demandRefusal,
  openDirect,
  openGate,
  untilAnswering,
  type Way,
} from "./contender.ts";
import type { Proxied, Round, Stretch } from "./figures.ts";
import { closedLoop } from "./load/closed-loop.ts";
import type { Lane } from "./load/lane.ts";
import { openLoop } from "./load/open-loop.ts";
import { residentOf } from "./measure/memory.ts";
import { measure } from "./measure/stretch.ts";
import type { Options } from "./options.ts";

/** Of the highest load. */
const FIXED_SHARE = 0.7;
/** Lanes at a fixed rate: so many that requests wait in Envoy rather than with us. */
const FIXED_LANES = 128;
/** Requests a second to prepare for, before any rate is known, and for one at a time. */
const FIRST_GUESS = 4000;
const ALONE_GUESS = 600;
/** More than were answered in the stretch before, as programs get faster. */
const ROOM = 1.15;
/** Of the other stretches: so long is the one that nobody counts. */
const WARM_SHARE = 0.2;
/** Requests prepared at a time: so few that their proofs don't get old. */
const PART = 5000;

/** One stretch after the other, with proofs made just before each. @throws {Error} at the first wrong verdict. */
export async function playRound(contender: Contender, envoy: number, options: Options): Promise<Round> {
  const { arm, started, authorizerPort, gatePort, rounds } = contender;
  const { seconds, connections, warmup } = options;
  const authorizer = started.pid;
  let asked = 0;
  const prepare = ({ write }: Way, count: number, limit = 0): Promise<Buffer[]> =>
    prepareInOneWindow(Math.ceil(count), limit, (time) => write(arm.calls(time)));
  const counted = async (stretch: Promise<Proxied>): Promise<Proxied> => {
    const { requests } = await stretch;
    asked += requests;
    return stretch;
  };
  const closed = async (
    way: Way,
    lanes: readonly Lane[],
    count: number,
    limit?: number,
  ): Promise<Proxied> => {
    const requests = await prepare(way, count, limit);
    return counted(measure({ authorizer, envoy }, () => closedLoop(lanes, requests, arm.expected, limit)));
  };

  const gate = await openGate(gatePort, Math.max(connections, FIXED_LANES));
  const direct = arm.protocol && (await openDirect(arm, authorizerPort, connections));
  try {
    await untilAnswering(arm, gate.lanes, gate.write);
    asked++;
    if (arm.refuses) await demandRefusal(arm, gate.lanes);
    const many = gate.lanes.slice(0, connections);
    const last = rounds.at(-1);
    if (last === undefined)
      for (let left = arm.warmup?.(warmup) ?? warmup; left > 0; left -= PART)
        await closed(gate, many, Math.min(left, PART));
    const guess = last?.full.perSecond ?? FIRST_GUESS;
    const warm = await closed(gate, many, guess * seconds * WARM_SHARE, seconds * WARM_SHARE);
    const alone = await closed(gate, gate.lanes.slice(0, 1), ALONE_GUESS * seconds, seconds);
    const most = Math.max(warm.perSecond, last?.full.perSecond ?? 0) * ROOM * seconds;
    const full = await closed(gate, many, most, seconds);
    const rate = full.perSecond * FIXED_SHARE;
    const requests = await prepare(gate, rate * seconds, seconds);
    const fixed = await counted(
      measure({ authorizer, envoy }, () => openLoop(gate.lanes, requests, arm.expected, rate)),
    );
    const without = direct && {
      alone: withoutEnvoy(await closed(direct, direct.lanes.slice(0, 1), ALONE_GUESS * seconds, seconds)),
      full: withoutEnvoy(await closed(direct, direct.lanes, most, seconds)),
    };
    await started.audit?.(asked);
    return { alone, full, fixed, direct: without, resident: residentOf(authorizer) };
  } finally {
    gate.close();
    direct?.close();
  }
}

function withoutEnvoy({ envoyCpu: _, ...stretch }: Proxied): Stretch {
  return stretch;
}
