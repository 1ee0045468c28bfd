/** The span that a request says it is part of (W3C Trace Context). A client can say what it likes. */
export interface TraceParent {
  /** 32 and 16 lower-case hex digits, neither all zero. */
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
  /** `tracestate` as it was sent, members unchecked; undefined where there is none, or more than is kept. */
  readonly state: string | undefined;
}

/** W3C Trace Context §3.2: version, trace, parent, flags; a later version may have more behind them. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x2b\x2d-\x7e]*)?$/;
const SAMPLED = 1;

/** What every vendor has to keep of a `tracestate` (W3C Trace Context §3.3.1.5), and so the most that anyone may count on. */
export const MAX_TRACE_STATE_CHARS = 512;
/** Nobody's `traceparent` is longer, whatever a later version adds. */
export const MAX_TRACE_PARENT_CHARS = 256;

/**
 * @param parents the values of `traceparent`
 * @param states those of `tracestate`
 * @returns undefined where no parent is named, or more than one, or in another form
 */
export function readTraceParent(
  parents: readonly string[] = [],
  states: readonly string[] = [],
): TraceParent | undefined {
  const [text, ...others] = parents;
  if (text === undefined || others.length > 0 || text.length > MAX_TRACE_PARENT_CHARS) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || (version === "00" && rest !== undefined)) return undefined;
  const state = states.join(",");
  return {
    traceId,
    spanId,
    isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0,
    state: state === "" || state.length > MAX_TRACE_STATE_CHARS ? undefined : state,
  };
}
