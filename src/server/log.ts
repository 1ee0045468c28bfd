import { type LoggerOptions, pino } from "pino";
import sonicBoom from "sonic-boom";
import type { Allow, Deny } from "../decision/decision.ts";
import { formatValue } from "../value.ts";
import { verdictOf } from "./check-response.ts";
import { cut, explain } from "./explain.ts";
import type { Outcome } from "./outcome.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One JSON object a line on stdout; every line has an `event`, so that filters on it never meet null. */
export interface Log {
  decision(outcome: Outcome): void;
  info(event: string, message: string, fields?: Fields): void;
  warn(event: string, message: string, fields?: Fields): void;
  error(event: string, message: string, fields?: Fields): void;
  /** Something that shouldn't be possible, with its cause. */
  fault(message: string, error: unknown, requestId?: string): void;
  /** Writes what is left, for as long as somebody takes it, but not for ever. */
  end(): Promise<void>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Lines that wait for a slow reader, some 40,000; what comes above is lost, and counted. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
/** What a reader has for the last lines. */
const LAST_LINES_MS = 1_000;

/**
 * Lines are written by another thread, since checks would have to wait for a slow reader otherwise.
 *
 * @param fd where lines go; stdout unless said
 */
export function createLog(level: LogLevel, fd = 1): Log {
  // A destination of pino's own is flushed at exit, for ever when the disk is full.
  const output = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: MAX_LOG_BYTES });
  // To lose a line must not be to lose a verdict.
  output.on("error", () => {});
  let lost = 0;
  output.on("drop", () => lost++);
  output.on("drain", () => {
    if (lost === 0) return;
    const lines = lost;
    lost = 0;
    logger.error({ event: "log_lost", lines }, "lines of this log are lost: they weren't taken in time");
  });
  const options: LoggerOptions = {
    level,
    base: null,
    messageKey: "message",
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
  const logger = pino(options, output);

  return {
    info: (event, message, fields) => logger.info({ event, ...fields }, message),
    warn: (event, message, fields) => logger.warn({ event, ...fields }, message),
    error: (event, message, fields) => logger.error({ event, ...fields }, message),
    fault: (message, error, requestId) =>
      logger.error({ event: "fault", request_id: requestId, err: error }, message),
    end: () =>
      new Promise((resolve) => {
        const giveUp = setTimeout(() => output.destroy(), LAST_LINES_MS);
        output.once("close", () => {
          clearTimeout(giveUp);
          resolve();
        });
        output.end();
      }),
    decision: ({ decision, request, caller, requestId, traceId, receivedAt, answeredAt }) => {
      const { tool, warrantId, holder, chain, root, mode, sessionId, agentId } = decision;
      const line = {
        event: decision.allow ? "authorization_success" : "authorization_denied",
        decision: verdictOf(decision),
        ...(decision.allow ? approvalFields(decision) : denialFields(decision)),
        tool,
        warrant_id: warrantId,
        holder,
        chain,
        root,
        session_id: cut(sessionId),
        agent_id: cut(agentId),
        request_id: requestId,
        envoy_request_id: cut(caller.envoyRequestId),
        trace_id: traceId,
        client: cut(caller.client),
        host: cut(request.authority),
        method: cut(request.method),
        path: cut(request.target.split("?", 1)[0]),
        mode,
        duration_us: Math.round((answeredAt - receivedAt) * 1000),
      };
      if (decision.allow) logger.info(line);
      else logger.warn(line);
    },
  };
}

/** The guides' names: `constraint` is the argument, `expected` what the warrant asks of it. */
function denialFields(decision: Deny): Fields {
  const { reason, field, constraint, value, approval } = decision;
  return {
    reason,
    detail: explain(decision),
    constraint: cut(field),
    expected: cut(constraint),
    actual: value === undefined ? undefined : formatValue(value),
    request_hash: approval?.requestHash,
    required_approvals: approval?.required,
    received_approvals: approval?.received,
  };
}

/** Who approved; as many as the warrant asks for. */
function approvalFields({ approvals }: Allow): Fields {
  if (approvals.length === 0) return {};
  return {
    approvals: approvals.map(({ approver, externalId }) => ({ approver, external_id: cut(externalId) })),
  };
}
