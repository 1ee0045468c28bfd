import type { Deny } from "../decision/decision.ts";
import { MAX_SHOWN_CHARACTERS } from "../value.ts";

/** Why, for people who may know, as one line of a header. */
export function explain({ detail }: Deny): string {
  // Escapes lengthen it, so it is cut again.
  return cut(toHeaderText(cut(detail)));
}

/** What a request or a warrant says must fill neither a log line nor a header. */
export function cut<Text extends string | undefined>(text: Text): Text {
  return text?.slice(0, MAX_SHOWN_CHARACTERS) as Text;
}

/** Visible ASCII and spaces; other characters as the percent escapes of their UTF-8 bytes. */
export function toHeaderText(text: string): string {
  if (isVisible(text)) return text;
  return text.replace(/[^\x20-\x7e]+/g, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

/** Nearly every text is, and to look is cheaper than to search. */
function isVisible(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
