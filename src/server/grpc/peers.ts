import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { PEER_MS } from "../limits.ts";

/** What calls hold while they wait for their peers, over all connections of a server. */
export interface Peers {
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
  readonly lastTick: number;
  /** undefined: the connection is cut off. */
  readonly late: (() => void) | undefined;
}

export interface PeersTerms {
  /** Of messages that are still arriving. */
  readonly maxArrivingBytes: number;
  /** Calls that wait. */
  readonly maxWaitingCalls: number;
  /**
   * Ends a connection: also the one whose peer has been waited for longest, when there is one call too many. To refuse calls
   * wouldn't do: a peer that reads nothing keeps refused ones open as well.
   */
  readonly cutOff: (session: Http2Session) => void;
}

/** How exactly {@link PEER_MS} is kept. */
const TICK_MS = 1_000;

export function createPeers({ maxArrivingBytes, maxWaitingCalls, cutOff }: PeersTerms): Peers {
  let arriving = 0;
  let tick = 0;
  let ticking: NodeJS.Timeout | undefined;
  /** The longest first. */
  const waits = new Set<Wait>();

  const cutOffAt = ({ session }: Wait): void => {
    // At once, so that its calls, which end one after the other, don't cost the next one its connection.
    for (const wait of waits) if (wait.session === session) waits.delete(wait);
    if (session !== undefined) cutOff(session);
  };
  const cutOffLongest = (): void => {
    const [longest] = waits;
    if (longest !== undefined) cutOffAt(longest);
  };
  const onTick = (): void => {
    tick++;
    for (const wait of waits) {
      if (wait.lastTick >= tick) return;
      waits.delete(wait);
      if (wait.late === undefined) cutOffAt(wait);
      else wait.late();
    }
    clearInterval(ticking);
    ticking = undefined;
  };
  const waitFor = (stream: ServerHttp2Stream, late?: () => void): Wait => {
    const wait = { session: stream.session, lastTick: tick + PEER_MS / TICK_MS, late };
    if (stream.destroyed) return wait;
    waits.add(wait);
    ticking ??= setInterval(onTick, TICK_MS).unref();
    if (waits.size > maxWaitingCalls) cutOffLongest();
    return wait;
  };

  return {
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
    over: (wait) => void waits.delete(wait),
  };
}
