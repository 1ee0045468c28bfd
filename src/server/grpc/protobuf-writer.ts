// A message under way is a text of one character a byte: its parts are joined without a copy, and how long each is, which
// protobuf writes in front of it, is known. It becomes bytes once, at the end.

/** Bytes, one character each. */
export type Chars = string;

/** @returns the bytes of a message whose fields these are. */
export function toBytes(message: Chars): Buffer {
  return Buffer.from(message, "latin1");
}

export function textField(field: number, text: string): Chars {
  return messageField(field, utf8(text));
}

/** A message, or bytes. */
export function messageField(field: number, message: Chars): Chars {
  return tag(field, LENGTH_DELIMITED) + varint(message.length) + message;
}

/** A whole number from 0 to 2^31 − 1, or the number of an enum. */
export function numberField(field: number, value: number): Chars {
  return tag(field, VARINT) + varint(value);
}

export function doubleField(field: number, value: number): Chars {
  double.writeDoubleLE(value);
  return tag(field, FIXED64) + double.toString("latin1");
}

const double = Buffer.alloc(8);

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** Our messages have no field above 15. */
function tag(field: number, wireType: number): Chars {
  return String.fromCharCode((field << 3) | wireType);
}

function varint(value: number): Chars {
  let chars = "";
  let left = value;
  for (; left > 0x7f; left >>>= 7) chars += String.fromCharCode((left & 0x7f) | 0x80);
  return chars + String.fromCharCode(left);
}

/** Half of a surrogate pair, of which no UTF-8 can be made, becomes U+FFFD. */
function utf8(text: string): Chars {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
