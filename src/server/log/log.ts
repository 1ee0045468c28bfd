import type { Readable } from "node:stream";
import { type LoggerOptions, pino } from "pino";
import sonicBoom from "sonic-boom";
import type { Outcome } from "../outcome.ts";
import { roomWithin } from "../room.ts";
import type { Snapshot } from "../state/snapshot.ts";
import { forwardLines } from "./forward-lines.ts";
import { gatherLines } from "./gather-lines.ts";
import type { LogEvent } from "./log-events.ts";
import type { LogLevel } from "./log-level.ts";
import { decisionLine } from "./log-line.ts";
import { redact } from "./log-redaction.ts";
import { isKept } from "./log-sampling.ts";

/** One JSON object a line on stdout; every line has an `event`, so that filters on it never meet null. */
export interface Log {
  /** @param snapshot it was judged by; says what to leave out */
  decision(outcome: Outcome, snapshot: Snapshot): void;
  info(event: LogEvent, message: string, fields?: Fields): void;
  warn(event: LogEvent, message: string, fields?: Fields): void;
  error(event: LogEvent, message: string, fields?: Fields): void;
  /** Something that shouldn't be possible, with its cause. */
  fault(message: string, error: unknown, requestId?: string): void;
  /** Writes the lines of another process as well. */
  forward(lines: Readable): void;
  /** Lines that weren't taken in time, since the start. */
  lostLines(): number;
  /** Writes what is left, for as long as somebody takes it, but not for ever. */
  end(): Promise<void>;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a reader has for the last lines. */
const LAST_LINES_MS = 1_000;

/**
 * Lines are written by another thread, since checks would have to wait for a slow reader otherwise.
 *
 * @param fd where lines go; stdout unless said
 */
export function createLog(level: LogLevel, fd = 1): Log {
  // A destination of pino's own is flushed at exit, for ever when the disk is full.
  const output = new sonicBoom.SonicBoom({
    fd,
    sync: false,
    maxLength: roomWithin().logBytes,
  });
  // To lose a line must not be to lose a verdict.
  output.on("error", () => {});
  // Every worker whose lines are forwarded may wait for it.
  output.setMaxListeners(0);
  let lostLines = 0;
  let told = 0;
  let isEnded = false;
  output.on("drop", (lines: string) => {
    lostLines += lines.split("\n").length - 1;
  });
  output.on("drain", () => {
    const lines = lostLines - told;
    if (lines === 0) return;
    told = lostLines;
    tell("error", "log_lost", "lines of this log are lost: they weren't taken in time", { lines });
  });
  const options: LoggerOptions = {
    level,
    base: null,
    messageKey: "message",
    timestamp: () => `,"time":"${timeNow()}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
  const { write, flush } = gatherLines({ write: (block) => isEnded || output.write(block) });
  const logger = pino(options, { write });

  const tell = (level: "info" | "warn" | "error", event: LogEvent, message: string, fields?: Fields): void =>
    logger[level]({ event, ...fields }, message);

  return {
    info: (event, message, fields) => tell("info", event, message, fields),
    warn: (event, message, fields) => tell("warn", event, message, fields),
    error: (event, message, fields) => tell("error", event, message, fields),
    fault: (message, error, requestId) =>
      tell("error", "fault", message, { request_id: requestId, err: error }),
    end: () =>
      new Promise((resolve) => {
        const giveUp = setTimeout(() => output.destroy(), LAST_LINES_MS);
        output.once("close", () => {
          clearTimeout(giveUp);
          resolve();
        });
        flush();
        isEnded = true;
        output.end();
      }),
    decision: (outcome, { policy }) => {
      const { allow } = outcome.decision;
      const level = allow ? "info" : "warn";
      if (!logger.isLevelEnabled(level)) return;
      const { gateway } = policy;
      const { sampleAllow } = gateway.settings.log;
      const isSampled = allow && sampleAllow < 1;
      if (isSampled && !isKept(outcome, sampleAllow)) return;
      const line = decisionLine(outcome);
      if (isSampled) line.sample_allow = sampleAllow;
      redact(line, outcome, gateway);
      // As the logger would write it; of a line with so many fields the platform makes JSON in a third of the time.
      write(`{"level":"${level}","time":"${timeNow()}",${JSON.stringify(line).slice(1)}\n`);
    },
    forward: (lines) => forwardLines(lines, { write, events: output }),
    lostLines: () => lostLines,
  };
}

function timeNow(): string {
  return new Date().toISOString();
}
