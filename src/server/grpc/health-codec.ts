import { ProtobufError, visitFields } from "./protobuf-reader.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

// The messages of grpc.health.v1, of which there are three.

/** Numbers of grpc.health.v1.HealthCheckResponse.ServingStatus. */
const STATUS_NUMBERS = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 };
export type ServingStatus = keyof typeof STATUS_NUMBERS;

const HEALTH_CHECK_REQUEST = { service: 1 };
const HEALTH_CHECK_RESPONSE = { status: 1 };
const HEALTH_LIST_RESPONSE = { statuses: 1 };
const ENTRY = { key: 1, value: 2 };

/** @returns the name of the service that is asked for; undefined where the bytes are no HealthCheckRequest */
export function readHealthRequest(bytes: Buffer): string | undefined {
  let service = "";
  try {
    visitFields({ bytes, at: 0, left: bytes.length }, 0, bytes.length, (field, start, end) => {
      if (field === HEALTH_CHECK_REQUEST.service) service = bytes.toString("utf8", start, end);
    });
    return service;
  } catch (error) {
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
}

/** A HealthCheckResponse. */
export function encodeStatus(status: ServingStatus): Buffer {
  const writer = new ProtobufWriter();
  writer.number(HEALTH_CHECK_RESPONSE.status, STATUS_NUMBERS[status]);
  return writer.finish();
}

/** A HealthListResponse: one status for all of these services. */
export function encodeStatuses(services: readonly string[], status: ServingStatus): Buffer {
  const writer = new ProtobufWriter();
  for (const name of services) {
    const before = writer.length;
    writer.number(HEALTH_CHECK_RESPONSE.status, STATUS_NUMBERS[status]);
    writer.message(ENTRY.value, before);
    writer.text(ENTRY.key, name);
    writer.message(HEALTH_LIST_RESPONSE.statuses, before);
  }
  return writer.finish();
}
