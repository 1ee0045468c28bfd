/** Latencies in microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** A stretch of load: how fast, and what it cost. */
export interface Stretch extends Latency {
  readonly perSecond: number;
  /** Requests that were judged, and those turned away unjudged. */
  readonly requests: number;
  readonly shed: number;
  /** Processor time of the authorizer for each request, in microseconds. */
  readonly cpu: number;
}

/** Through Envoy, with its own processor time for each request. */
export interface Proxied extends Stretch {
  readonly envoyCpu: number;
}

/** What one round of one arm gave. */
export interface Round {
  /** Through Envoy: one request at a time, as many at a time as connections, and 70 % of what that gave. */
  readonly alone: Proxied;
  readonly full: Proxied;
  readonly fixed: Proxied;
  /** Without Envoy; undefined where no program runs. */
  readonly direct: { readonly alone: Stretch; readonly full: Stretch } | undefined;
  /** Resident memory after it, in bytes; 0 where no program runs. */
  readonly resident: number;
}

/** One arm, and all its rounds. */
export interface ArmFigures {
  readonly name: string;
  readonly about: string;
  /** Milliseconds from the start to the first verdict, and resident memory after it in bytes; 0 where nothing runs. */
  readonly startMs: number;
  readonly idle: number;
  readonly rounds: readonly Round[];
}

/** @throws {Error} where a figure is missing. */
export function demandFigures(name: string, figures: object): void {
  for (const [key, value] of Object.entries(figures)) {
    if (typeof value === "object") demandFigures(`${name}: ${key}`, value);
    else if (value !== undefined && !(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new Error(`${name}: ${key} is ${value}`);
  }
}
