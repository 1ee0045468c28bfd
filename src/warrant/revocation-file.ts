import { MAX_REVOCATION_LIST_BYTES } from "./limits.ts";

/** First byte of every list, and of no text: the head of a map of two. */
const MAP_OF_TWO = 0xa2;
/** Base64 in lines of 76 is 1.4 times its bytes; the rest is room for blanks. */
const MAX_TEXT_BYTES = 2 * MAX_REVOCATION_LIST_BYTES;

/**
 * The bytes of a list, of a file that holds these or their text: standard base64 with padding (revocation §1), whole
 * or in lines, as `base64` prints it and a ConfigMap keeps it.
 *
 * @returns undefined when it is neither
 */
export function revocationListBytes(content: Uint8Array): Uint8Array | undefined {
  if (content[0] === MAP_OF_TWO) return content;
  if (content.length > MAX_TEXT_BYTES) return undefined;
  const text = Buffer.from(content)
    .toString("latin1")
    .replace(/[ \t\r\n]+/g, "");
  const bytes = Buffer.from(text, "base64");
  return bytes.length > 0 && bytes.toString("base64") === text ? bytes : undefined;
}
