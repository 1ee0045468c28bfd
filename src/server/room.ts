import { getHeapStatistics } from "node:v8";
import { MAX_KNOWN_CHAINS_BYTES } from "../decision/memory.ts";

const MIB = 1024 * 1024;

/** Calls that are still arriving, together, and no more than a quarter of the heap's size. What comes above it is overload. */
export const MAX_ARRIVING_BYTES = 256 * 1024 * 1024;
const ARRIVING_PART = 1 / 4;

/**
 * Requests that wait with their bodies, and those that are begun, shall not fill the memory; each of them so much, and no
 * more than an eighth of the heap's size.
 */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const WAITING_PART = 1 / 8;

/** Lines that wait for a slow reader, some 40,000, and no more than an eighth of the heap; what comes above is lost, and counted. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024;
const LOG_PART = 1 / 8;

/**
 * Connections on the port of the checks, and no more than one for each 128 KiB of the heap. An Envoy opens one for each of
 * its workers, so this is room for a thousand proxies and more. An idle one takes some 30 KB, 90 with TLS, a tenth of it
 * of the heap. For each there may be a call that watches the health of the service.
 */
export const MAX_CONNECTIONS = 4096;
const CONNECTION_BYTES = 128 * 1024;

/** A call takes 14 KB, a third of it of the heap, and one of those that are judged and of those that are cut off as well. */
const CALL_BYTES = 32 * 1024;

/** What one of those that are begun may take of the heap: some make megabytes of their message in their first slice. */
const BEGUN_BYTES = 12 * MIB;

/** What is remembered of chains lasts, unlike all else here. */
const KNOWN_CHAINS_PART = 1 / 12;

/** What may be held at a time. */
export interface Room {
  readonly arrivingBytes: number;
  readonly waitingBytes: number;
  /** Requests that are judged in part. */
  readonly begun: number;
  readonly knownChainsBytes: number;
  readonly logBytes: number;
  readonly connections: number;
  /** Calls that aren't judged: that arrive, or whose answer is on its way. */
  readonly calls: number;
}

/**
 * The room that a process of this size has, so that overload is denied before memory runs out. Messages aren't part of the
 * heap, but whoever sizes the one by the memory there is leaves as much to the others.
 *
 * @param heapBytes what the heap may grow to
 */
export function roomWithin(heapBytes: number = getHeapStatistics().heap_size_limit): Room {
  return {
    arrivingBytes: Math.min(MAX_ARRIVING_BYTES, Math.floor(heapBytes * ARRIVING_PART)),
    waitingBytes: Math.min(MAX_WAITING_BYTES, Math.floor(heapBytes * WAITING_PART)),
    begun: Math.ceil(heapBytes / BEGUN_BYTES),
    knownChainsBytes: Math.min(MAX_KNOWN_CHAINS_BYTES, Math.floor(heapBytes * KNOWN_CHAINS_PART)),
    logBytes: Math.min(MAX_LOG_BYTES, Math.floor(heapBytes * LOG_PART)),
    connections: Math.min(MAX_CONNECTIONS, Math.ceil(heapBytes / CONNECTION_BYTES)),
    calls: Math.ceil(heapBytes / CALL_BYTES),
  };
}
