// Generated decoders turn every byte of a message into objects, however many a sender packs into it. This walks a
// message and hands out what is asked for.

/** The bytes aren't a message of protobuf. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

/** Takes one length-delimited field: a text, bytes or a message, from `start` to before `end`. */
export type Visit = (field: number, start: number, end: number) => void;

/** A message under way, the messages inside it included. */
export interface Message {
  readonly bytes: Buffer;
  /** How far it is read. */
  at: number;
  /** Fields that may still be read. */
  left: number;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Visits the length-delimited fields of the message that lies from `start` to before `end`, in order. Numbers are
 * stepped over.
 *
 * @throws {ProtobufError} where it breaks off, has a group, which proto3 hasn't, a field 0, or more fields than are left.
 */
export function visitFields(message: Message, start: number, end: number, visit: Visit): void {
  message.at = start;
  while (message.at < end) {
    if (--message.left < 0) throw new ProtobufError("more fields than any request has");
    const tag = readVarint(message, end);
    const field = Math.floor(tag / 8);
    if (field === 0) throw new ProtobufError("a field without a number");
    switch (tag % 8) {
      case VARINT:
        readVarint(message, end);
        break;
      case FIXED64:
        stepOver(message, 8, end);
        break;
      case LENGTH_DELIMITED: {
        const length = readVarint(message, end);
        const from = message.at;
        const to = stepOver(message, length, end);
        visit(field, from, to);
        // Whoever was visited may have walked over what is inside.
        message.at = to;
        break;
      }
      case FIXED32:
        stepOver(message, 4, end);
        break;
      default:
        throw new ProtobufError("a group or an unknown wire type");
    }
  }
}

function readVarint(message: Message, end: number): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 70 && message.at < end; scale *= 128) {
    const byte = message.bytes[message.at++] as number;
    // Beyond 2^53 it is no length that fits and no field number; exactness doesn't matter there.
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw new ProtobufError("a number breaks off");
}

/** @returns where what is stepped over ends */
function stepOver(message: Message, length: number, end: number): number {
  if (length > end - message.at) throw new ProtobufError("a field reaches beyond its message");
  message.at += length;
  return message.at;
}
