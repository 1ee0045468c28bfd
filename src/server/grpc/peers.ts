import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { createQueue, join, leave, type Place } from "../../queue.ts";
import { PEER_MS } from "../limits.ts";

/** What the calls of all connections of a server hold, and for how long their peers are waited for. */
export interface Peers {
  /** A call has come. With one too many a connection is cut off: see {@link PeersTerms.cutOff}. */
  readonly begun: (session: Http2Session) => void;
  /** A call is over. */
  readonly ended: (session: Http2Session) => void;
  /** Room for so many bytes more of messages that are still arriving. @returns false where there is none. */
  readonly take: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
  /** Begins to wait for the rest of a message. @param late called once {@link PEER_MS} are over */
  readonly waitForMessage: (stream: ServerHttp2Stream, late: () => void) => Wait;
  /** Begins to wait until an answer is taken. After {@link PEER_MS} the connection is cut off: proxies take what comes. */
  readonly waitForTaking: (stream: ServerHttp2Stream) => Wait;
  /** Ends the waiting. */
  readonly over: (wait: Wait) => void;
}

/** A call that waits for its peer. */
export interface Wait {
  readonly session: Http2Session | undefined;
  readonly turn: number;
  readonly lastTick: number;
  /** undefined: the connection is cut off. */
  readonly late: (() => void) | undefined;
  /** undefined: it doesn't wait any more. */
  place: Place<Wait> | undefined;
}

export interface PeersTerms {
  /** Of messages that are still arriving. */
  readonly maxArrivingBytes: number;
  /**
   * Of calls that are open, and likewise of calls that come in one turn of the loop: what those hold that are over meanwhile
   * is free only when it ends.
   */
  readonly maxCalls: number;
  /**
   * Ends a connection. To refuse calls wouldn't do: a peer that reads nothing keeps refused ones open as well. When there is
   * one too many, it is the connection that has been waited for longest; where all come at once, that of the one too many.
   *
   * @returns its calls, which end one after the other
   */
  readonly cutOff: (session: Http2Session) => number;
}

/** How exactly {@link PEER_MS} is kept. */
const TICK_MS = 1_000;

export function createPeers({ maxArrivingBytes, maxCalls, cutOff }: PeersTerms): Peers {
  let arriving = 0;
  let calls = 0;
  /** Those that were cut off, and shall not cost others their connections until they are over. */
  let cut = 0;
  const cutSessions = new WeakSet<Http2Session>();
  /** Counts those turns of the loop in which calls come. */
  let turn = 0;
  let callsInTurn = 0;
  let tick = 0;
  let ticking: NodeJS.Timeout | undefined;
  /** The longest first. Not a set, whose outgrown tables V8 chains together: with each it kept calls that were over. */
  const waits = createQueue<Wait>();
  const over = (wait: Wait): void => {
    if (wait.place !== undefined) leave(waits, wait.place);
    wait.place = undefined;
  };

  const onTurn = (): void => {
    turn++;
    callsInTurn = 0;
  };
  const onTick = (): void => {
    tick++;
    while (waits.oldest !== undefined) {
      const wait = waits.oldest.item;
      if (wait.lastTick >= tick) return;
      over(wait);
      if (wait.late !== undefined) wait.late();
      else if (wait.session !== undefined) end(wait.session);
    }
    clearInterval(ticking);
    ticking = undefined;
  };
  const waitFor = (stream: ServerHttp2Stream, late?: () => void): Wait => {
    const lastTick = tick + PEER_MS / TICK_MS;
    const wait: Wait = { session: stream.session, turn, lastTick, late, place: undefined };
    if (stream.destroyed) return wait;
    wait.place = join(waits, wait);
    ticking ??= setInterval(onTick, TICK_MS).unref();
    return wait;
  };
  const end = (session: Http2Session): void => {
    let place = waits.oldest;
    while (place !== undefined) {
      const { item, after } = place;
      if (item.session === session) over(item);
      place = after;
    }
    cutSessions.add(session);
    cut += cutOff(session);
  };
  /** Of answers that were given in this turn or the last, some are on their way. */
  const longest = (): Http2Session | undefined => {
    const first = waits.oldest?.item;
    return first !== undefined && first.turn < turn - 1 ? first.session : undefined;
  };

  return {
    begun: (session) => {
      calls++;
      if (callsInTurn++ === 0) setImmediate(onTurn);
      if (callsInTurn > maxCalls) end(session);
      else if (calls - cut > maxCalls) end(longest() ?? session);
    },
    ended: (session) => {
      calls--;
      if (cut > 0 && cutSessions.has(session)) cut--;
    },
    take: (bytes) => {
      if (arriving + bytes > maxArrivingBytes) return false;
      arriving += bytes;
      return true;
    },
    release: (bytes) => {
      arriving -= bytes;
    },
    waitForMessage: waitFor,
    waitForTaking: (stream) => waitFor(stream),
    over,
  };
}
