import type { Deny } from "../decision/decision.ts";
import { formatValue, MAX_SHOWN_CHARACTERS } from "../value.ts";

/** Why, for people who may know: `path=/etc/passwd not in Pattern(/data/*)`. */
export function explain({ field, constraint, value, detail }: Deny): string {
  const text =
    field !== undefined && constraint !== undefined && value !== undefined
      ? `${field}=${formatValue(value)} not in ${constraint}`
      : detail;
  // Escapes lengthen it, so it is cut again.
  return cut(toHeaderText(cut(text)));
}

/** What a request or a warrant says must fill neither a log line nor a header. */
export function cut<Text extends string | undefined>(text: Text): Text {
  return text?.slice(0, MAX_SHOWN_CHARACTERS) as Text;
}

/** Visible ASCII and spaces; other characters as the percent escapes of their UTF-8 bytes. */
export function toHeaderText(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}
