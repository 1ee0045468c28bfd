/**
 * One form for all names that a reader may take for the same when it ignores case, as Go's encoding/json does. Both
 * steps are needed: U+017F is an `s` in capitals only, U+212A (the Kelvin sign) a `k` in small letters only.
 */
export function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase();
}
