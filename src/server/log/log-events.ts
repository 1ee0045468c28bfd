/** What the `event` of a line may be, and what it tells; part of the interface. */
export const LOG_EVENTS = {
  authorization_success: "a request was allowed",
  authorization_denied: "a request was denied, or would have been but for the mode (`decision` tells which)",
  listening:
    "the service listens; with its ports, version, the library that verifies (`sodium`, or the slower `openssl` where there is no build of it), mode, trusted roots and the hash of its configuration",
  mode: "some or all requests are not blocked",
  room: "the largest body that may come doesn't fit in the memory the process may use",
  revocation_list: "the revocation list in force, or that it is too old",
  reload:
    "a reload, with its `cause`, `result` and `changes` and, where it failed, all `errors` and what was `kept` as it was",
  watch: "files can't be watched, so that changes of them are noticed late",
  notice:
    "a warning or an error for people, on standard error also where the level keeps the log quiet; the log tells the same",
  ready: "the service is ready again",
  unready: "the service isn't ready, and why",
  worker_lost: "a process that answers checks has ended unasked, and why; another follows after `pause_ms`",
  connections_refused: "connections were closed at once, since too many are open; told now and then",
  connections_cut_off:
    "connections were ended whose peers didn't take an answer in time, or had been waited for longest when too many calls waited; told now and then",
  tls_handshake_failed: "clients could not set up TLS, and why; told now and then of each `reason`",
  tracing: "checks are spans, and where these go",
  trace_export_failed: "`spans_lost` spans could not be sent, and why; told at most once a minute",
  log_lost: "`lines` lines of this log are lost, since nobody took them in time",
  fault: "a bug of this program, with its cause; the request, if any, wasn't judged",
  stopping:
    "the service was told to stop: it isn't ready any more, and serves its `connections` for `drain_seconds` yet",
  drained:
    "that time is over: no connection is taken any more, and its `connections`, with `calls` under way, are told to go",
  stopped: "the service has stopped; `connections_cut_off` and `calls_cut_off` didn't end by themselves",
} as const;

export type LogEvent = keyof typeof LOG_EVENTS;
