import { constants, type ServerHttp2Session } from "node:http2";
import { IDLE_MS, KEEPALIVE_ANSWER_MS, KEEPALIVE_MS, NOTICE_MS, RETIRE_MS } from "./limits.ts";

/** One connection of a proxy. */
export interface CaredSession {
  /** Tells the peer to go, lets its calls end, and cuts off what still runs after the grace. */
  readonly retire: (graceMs: number) => void;
}

/** Names no call, so that those which are on their way are still taken (RFC 9113 §6.8). */
const ANY_STREAM = 2 ** 31 - 1;

/** So that connections that were opened together aren't closed together. */
const AGE_SPREAD = 0.1;

/**
 * Ends a connection that is too old, unused, or dead.
 *
 * @param maxAgeMs Infinity: any age
 */
export function careFor(session: ServerHttp2Session, maxAgeMs: number): CaredSession {
  let calls = 0;
  let lastUsed = performance.now();
  let retiring = false;

  session.on("stream", (stream) => {
    calls++;
    stream.once("close", () => {
      calls--;
      lastUsed = performance.now();
    });
  });

  const retire = (graceMs: number): void => {
    if (session.destroyed) return;
    setTimeout(() => session.destroy(), graceMs).unref();
    if (retiring) return;
    retiring = true;
    session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
    setTimeout(() => session.close(), NOTICE_MS).unref();
  };

  const keepalive = setInterval(() => {
    if (session.destroyed) return;
    if (calls === 0 && performance.now() - lastUsed >= IDLE_MS) return retire(RETIRE_MS);
    const dead = setTimeout(() => session.destroy(), KEEPALIVE_ANSWER_MS).unref();
    session.ping(() => clearTimeout(dead));
  }, KEEPALIVE_MS).unref();

  const spread = 1 + AGE_SPREAD * (2 * Math.random() - 1);
  const age = Number.isFinite(maxAgeMs)
    ? setTimeout(() => retire(RETIRE_MS), maxAgeMs * spread).unref()
    : undefined;

  session.once("close", () => {
    clearInterval(keepalive);
    clearTimeout(age);
  });
  return { retire };
}
