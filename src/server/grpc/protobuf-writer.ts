const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** Where messages are written, one at a time, before they are copied out; longer ones make more room. */
let scratch = Buffer.allocUnsafeSlow(4096);

/**
 * Writes a message from its end to its start: protobuf puts the length of each part in front of it, and so it is known by
 * then. Fields that are written first stand last. Our messages have no field above 15. Only one is written at a time.
 */
export class ProtobufWriter {
  #start = scratch.length;

  /** Bytes written so far. */
  get length(): number {
    return scratch.length - this.#start;
  }

  text(field: number, text: string): void {
    const length = isAscii(text) ? text.length : Buffer.byteLength(text);
    this.#reserve(length);
    this.#start -= length;
    if (length === text.length) scratch.write(text, this.#start, length, "latin1");
    // Half of a surrogate pair, of which no UTF-8 can be made, becomes U+FFFD.
    else scratch.write(text, this.#start, length, "utf8");
    this.#head(field, LENGTH_DELIMITED, length);
  }

  /** A whole number from 0 to 2^31 − 1, or the number of an enum. */
  number(field: number, value: number): void {
    this.#head(field, VARINT, value);
  }

  double(field: number, value: number): void {
    this.#reserve(8);
    this.#start -= 8;
    scratch.writeDoubleLE(value, this.#start);
    this.#tag(field, FIXED64);
  }

  /** Makes a message of what was written since the length was this. */
  message(field: number, lengthBefore: number): void {
    this.#head(field, LENGTH_DELIMITED, this.length - lengthBefore);
  }

  finish(): Buffer {
    return Buffer.from(scratch.subarray(this.#start));
  }

  #head(field: number, wireType: number, value: number): void {
    this.#reserve(8);
    const size = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    this.#start -= size;
    let left = value;
    for (let i = 0; i < size; i++, left >>>= 7) {
      scratch[this.#start + i] = i === size - 1 ? left : (left & 0x7f) | 0x80;
    }
    this.#tag(field, wireType);
  }

  #tag(field: number, wireType: number): void {
    this.#reserve(1);
    scratch[--this.#start] = (field << 3) | wireType;
  }

  #reserve(more: number): void {
    if (more <= this.#start) return;
    const { length } = this;
    const larger = Buffer.allocUnsafeSlow(2 * scratch.length + more);
    scratch.copy(larger, larger.length - length, this.#start);
    scratch = larger;
    this.#start = scratch.length - length;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
