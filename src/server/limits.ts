import { MAX_BODY_BYTES } from "../gateway/limits.ts";

/** The path of a Unix socket; Linux takes 107, and seven are for the name it has before it has its mode. */
export const MAX_SOCKET_PATH_BYTES = 100;

/** How often the log tells of connections that were refused, or failed to set up TLS. */
export const SELDOM_MS = 10_000;

/** How late a change of readiness may show in gRPC health; the pages tell it at once. */
export const READINESS_INTERVAL_MS = 500;

/** The health port is asked by a probe and a scraper. */
export const MAX_HEALTH_CONNECTIONS = 256;

/** Requests for pages that one connection may send ahead of their answers; no probe sends any. */
export const MAX_WAITING_REQUESTS = 8;

/** All the time a request on the health port has. */
export const HEALTH_REQUEST_MS = 10_000;
/** What of it its headers have. */
export const HEALTH_HEADERS_MS = 5_000;
/** How late that may be noticed. */
export const HEALTH_CHECKING_MS = 1_000;

/** Room for the headers of any probe; Node's own default. */
export const MAX_HEALTH_HEADER_BYTES = 16_384;

/** All the time a client has to set up TLS; with a full handshake each, a proxy takes two ways there and back. */
export const HANDSHAKE_MS = 5_000;

/** A connection that hasn't said by then which protocol it speaks is closed. */
export const OPENING_MS = 10_000;

/** All the time one HTTP/1.1 connection has on the port of the checks, where only probes speak it. */
export const PROBE_MS = 10_000;

/**
 * All the time a call has to arrive, and again a peer to take its answer. A proxy sends a check in one go, and its own time
 * limit is far shorter; answers fit any window but a closed one.
 */
export const PEER_MS = 10_000;

/** Each peer is asked in this interval whether it is still there. */
export const KEEPALIVE_MS = 30_000;
/** A peer that hasn't answered by then has gone without a word, and its connection is closed. */
export const KEEPALIVE_ANSWER_MS = 10_000;

/** A connection without a call for so long is given up; gRPC probes tend to leave theirs open. */
export const IDLE_MS = 300_000;

/**
 * Calls that were sent before the peer read that it shall go are taken for so long: more than the way to a proxy
 * that asks about each request and back.
 */
export const NOTICE_MS = 100;

/** Calls still running so long after a connection was told to go are cut off. */
export const RETIRE_MS = 10_000;

/**
 * Calls at once on one connection: as many as Envoy's default circuit breaker lets through, so that a proxy which
 * hasn't read our settings yet is refused none. Above it Envoy opens another connection.
 */
export const MAX_STREAMS = 1024;

/** Headers of one call, in bytes as HTTP/2 counts them; Envoy sends half a kilobyte. gRPC's own default. */
export const MAX_GRPC_HEADER_BYTES = 8_192;
/** Lines of headers of one call; Envoy sends about ten. */
export const MAX_GRPC_HEADERS = 64;

/** What HTTP/2 may hold for one connection, in megabytes: its streams and what they have yet to send. */
export const MAX_SESSION_MEGABYTES = 64;

/**
 * Resets that a connection may send at once. Every client of a proxy that gives up is one, on the
 * connection that all its clients share: Node's own limit, 1000 and 33 a second, lets one of them end it for all. So this
 * is more than one thread can take in. A reset check leaves the queue unjudged.
 */
export const MAX_RESETS = 100_000;
/** And in a second, from then on. */
export const MAX_RESETS_PER_SECOND = 100_000;

/**
 * Calls a connection may have refused for being too many. Node counts those that were reset until it has cleared them
 * away, so that a burst of clients giving up gets there; by its own limit, 100, they would end the connection of all.
 */
export const MAX_REJECTED_STREAMS = 1_000_000;

/** A CheckRequest: the largest body that can be configured, and all that comes with it. Above it is too large anyway. */
export const MAX_MESSAGE_BYTES = MAX_BODY_BYTES + 4 * 1024 * 1024;

/** A health question holds the name of a service. */
export const MAX_HEALTH_MESSAGE_BYTES = 1024;
