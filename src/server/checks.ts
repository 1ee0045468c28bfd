import type { Server } from "node:net";

/** Whatever answers checks, with the health beside them: this process, or its workers. */
export interface Checks {
  /** Its connections are answered. It doesn't listen yet. */
  readonly server: Server;
  /** Open connections of this process. */
  readonly connections: () => number;
  /** Checks that this process has taken and not finished. */
  readonly inflight: () => number;
  /** Shows what has become of the state by itself; to be called now and then. */
  readonly look: () => void;
  /** Shows at once that the service isn't ready any more, and never will be. */
  readonly leave: () => void;
  readonly census: () => Promise<Census>;
  /** Ends all connections, once none is taken any more, and then whatever else runs. */
  readonly finish: () => Promise<CutOff>;
}

export interface Census {
  /** Connections that speak gRPC. */
  readonly proxies: number;
  /** Calls that aren't finished. */
  readonly calls: number;
}

/** What didn't end by itself. */
export interface CutOff {
  readonly connections: number;
  readonly calls: number;
}
