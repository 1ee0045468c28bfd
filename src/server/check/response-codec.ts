// Makes the bytes of a CheckResponse by hand: a generated encoder walks an object of some sixty parts that has to be made first.
// The numbers are those of proto/; tests read what comes out with the generated decoder.
import { toHeaderText } from "../explain.ts";
import { ProtobufWriter } from "../grpc/protobuf-writer.ts";
import type { CheckResponse, Denied, Headers, Metadata, Ok } from "./check-response.ts";

const CHECK_RESPONSE = { status: 1, deniedResponse: 2, okResponse: 3, dynamicMetadata: 4 };
const STATUS = { code: 1, message: 2 };
const OK = { headers: 2, headersToRemove: 5, responseHeadersToAdd: 6 };
const DENIED = { status: 1, headers: 2, body: 3 };
const HTTP_STATUS = { code: 1 };
const HEADER_VALUE_OPTION = { header: 1, append: 2, appendAction: 3 };
const HEADER_VALUE = { key: 1, value: 2 };
const BOOL_VALUE = { value: 1 };
const OVERWRITE_IF_EXISTS_OR_ADD = 2;
const STRUCT = { fields: 1 };
const ENTRY = { key: 1, value: 2 };
const VALUE = { number: 2, string: 3 };

/** @returns the bytes of a CheckResponse */
export function encodeResponse(response: CheckResponse): Buffer {
  const writer = new ProtobufWriter();
  writeStruct(writer, response.metadata);
  writer.message(CHECK_RESPONSE.dynamicMetadata, 0);
  if (response.verdict === "ok") writeOk(writer, response.ok);
  else writeDenied(writer, response.denied);
  return writer.finish();
}

function writeOk(writer: ProtobufWriter, { headers, headersToRemove, responseHeaders }: Ok): void {
  const before = writer.length;
  writeHeaders(writer, OK.responseHeadersToAdd, responseHeaders);
  for (let i = headersToRemove.length - 1; i >= 0; i--)
    writer.text(OK.headersToRemove, headersToRemove[i] as string);
  writeHeaders(writer, OK.headers, headers);
  writer.message(CHECK_RESPONSE.okResponse, before);
  writeStatus(writer, 0, "");
}

function writeDenied(writer: ProtobufWriter, { code, message, status, headers, body }: Denied): void {
  const before = writer.length;
  writer.text(DENIED.body, body);
  writeHeaders(writer, DENIED.headers, headers);
  const beforeStatus = writer.length;
  writer.number(HTTP_STATUS.code, status);
  writer.message(DENIED.status, beforeStatus);
  writer.message(CHECK_RESPONSE.deniedResponse, before);
  writeStatus(writer, code, message);
}

function writeStatus(writer: ProtobufWriter, code: number, message: string): void {
  const before = writer.length;
  if (message !== "") writer.text(STATUS.message, message);
  writer.number(STATUS.code, code);
  writer.message(CHECK_RESPONSE.status, before);
}

function writeHeaders(writer: ProtobufWriter, field: number, headers: Headers): void {
  const names = Object.keys(headers);
  for (let i = names.length - 1; i >= 0; i--) {
    const name = names[i] as string;
    const before = writer.length;
    // `append` (false) and its successor both say overwrite: some releases of Envoy read one, some the other.
    writer.number(HEADER_VALUE_OPTION.appendAction, OVERWRITE_IF_EXISTS_OR_ADD);
    const beforeAppend = writer.length;
    writer.number(BOOL_VALUE.value, 0);
    writer.message(HEADER_VALUE_OPTION.append, beforeAppend);
    const beforeHeader = writer.length;
    writer.text(HEADER_VALUE.value, toHeaderText(headers[name] as string));
    writer.text(HEADER_VALUE.key, name);
    writer.message(HEADER_VALUE_OPTION.header, beforeHeader);
    writer.message(field, before);
  }
}

function writeStruct(writer: ProtobufWriter, metadata: Metadata): void {
  for (const name in metadata) {
    const value = metadata[name];
    if (value === undefined) continue;
    const before = writer.length;
    if (typeof value === "number") writer.double(VALUE.number, value);
    else writer.text(VALUE.string, value);
    writer.message(ENTRY.value, before);
    writer.text(ENTRY.key, name);
    writer.message(STRUCT.fields, before);
  }
}
