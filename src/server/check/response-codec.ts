// Makes the bytes of a CheckResponse by hand: a generated encoder walks an object of some sixty parts that has to be made first.
// The numbers are those of proto/; tests read what comes out with the generated decoder.
import { toHeaderText } from "../explain.ts";
import {
  type Chars,
  doubleField,
  messageField,
  numberField,
  textField,
  toBytes,
} from "../grpc/protobuf-writer.ts";
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
  const verdict = response.verdict === "ok" ? okChars(response.ok) : deniedChars(response.denied);
  return toBytes(verdict + messageField(CHECK_RESPONSE.dynamicMetadata, structChars(response.metadata)));
}

function okChars({ headers, headersToRemove, responseHeaders }: Ok): Chars {
  let ok = headersChars(OK.headers, headers);
  for (const name of headersToRemove) ok += textField(OK.headersToRemove, name);
  ok += headersChars(OK.responseHeadersToAdd, responseHeaders);
  return (
    messageField(CHECK_RESPONSE.status, numberField(STATUS.code, 0)) +
    messageField(CHECK_RESPONSE.okResponse, ok)
  );
}

function deniedChars({ code, message, status, headers, body }: Denied): Chars {
  const denied =
    messageField(DENIED.status, numberField(HTTP_STATUS.code, status)) +
    headersChars(DENIED.headers, headers) +
    textField(DENIED.body, body);
  return (
    messageField(CHECK_RESPONSE.status, numberField(STATUS.code, code) + textField(STATUS.message, message)) +
    messageField(CHECK_RESPONSE.deniedResponse, denied)
  );
}

/** `append` (false) and its successor both say overwrite: some releases of Envoy read one, some the other. */
const OVERWRITE: Chars =
  messageField(HEADER_VALUE_OPTION.append, numberField(BOOL_VALUE.value, 0)) +
  numberField(HEADER_VALUE_OPTION.appendAction, OVERWRITE_IF_EXISTS_OR_ADD);

function headersChars(field: number, headers: Headers): Chars {
  let chars = "";
  for (const name in headers) {
    const header =
      textField(HEADER_VALUE.key, name) +
      // ASCII, and so its own UTF-8.
      messageField(HEADER_VALUE.value, toHeaderText(headers[name] as string));
    chars += messageField(field, messageField(HEADER_VALUE_OPTION.header, header) + OVERWRITE);
  }
  return chars;
}

function structChars(metadata: Metadata): Chars {
  let chars = "";
  for (const name in metadata) {
    const value = metadata[name];
    if (value === undefined) continue;
    const chosen =
      typeof value === "number" ? doubleField(VALUE.number, value) : textField(VALUE.string, value);
    chars += messageField(STRUCT.fields, textField(ENTRY.key, name) + messageField(ENTRY.value, chosen));
  }
  return chars;
}
