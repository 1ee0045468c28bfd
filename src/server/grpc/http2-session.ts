import type { ServerHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { IDLE_MS, KEEPALIVE_ANSWER_MS, KEEPALIVE_MS, NOTICE_MS, RETIRE_MS } from "../limits.ts";
import type { Peers } from "./peers.ts";

/** One connection of a proxy. */
export interface CaredSession {
  /** Calls that aren't finished. */
  readonly calls: () => number;
  /** Tells the peer to go, and lets its calls end. */
  readonly retire: () => void;
  /** Ends it at once. */
  readonly cutOff: () => void;
}

/**
 * A GOAWAY that names the last of all streams: no more calls, and those on their way are still taken (RFC 9113 §6.8).
 * It is written past Node, whose own goaway() leaves them without an answer.
 */
const NOTICE = Buffer.from("0000080700000000007fffffff00000000", "hex");

/** So that connections that were opened together aren't closed together. */
const AGE_SPREAD = 0.1;

/**
 * Ends a connection that is too old, unused, or dead.
 *
 * @param connection which it runs on; written to from here as well
 * @param maxAgeMs Infinity: any age
 * @param peers told of its calls
 */
export function careFor(
  session: ServerHttp2Session,
  connection: Duplex,
  maxAgeMs: number,
  peers: Pick<Peers, "begun" | "ended">,
): CaredSession {
  let calls = 0;
  let lastUsed = performance.now();
  let retiring = false;

  const callIsOver = (): void => {
    calls--;
    peers.ended(session);
    lastUsed = performance.now();
  };
  session.on("stream", (stream) => {
    // Of one that is cut off, calls that had come already are told of yet.
    if (session.destroyed) return;
    calls++;
    peers.begun(session);
    stream.on("close", callIsOver);
  });

  /** A session lets go of its connection only once that has taken what is being written, and a peer may take nothing. */
  const cutOff = (): void => {
    session.destroy();
    connection.destroy();
  };

  const retire = (): void => {
    if (session.destroyed || retiring) return;
    retiring = true;
    setTimeout(cutOff, RETIRE_MS).unref();
    // Between frames: Node hands the socket whole ones.
    connection.write(NOTICE);
    setTimeout(() => session.close(), NOTICE_MS).unref();
  };

  const keepalive = setInterval(() => {
    if (session.destroyed) return;
    if (calls === 0 && performance.now() - lastUsed >= IDLE_MS) return retire();
    const dead = setTimeout(cutOff, KEEPALIVE_ANSWER_MS).unref();
    session.ping(() => clearTimeout(dead));
  }, KEEPALIVE_MS).unref();

  const spread = 1 + AGE_SPREAD * (2 * Math.random() - 1);
  const age = Number.isFinite(maxAgeMs) ? setTimeout(retire, maxAgeMs * spread).unref() : undefined;

  session.once("close", () => {
    clearInterval(keepalive);
    clearTimeout(age);
  });
  return { calls: () => calls, retire, cutOff };
}
