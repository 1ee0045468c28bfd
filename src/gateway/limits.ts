/** Largest target the reference authorizer's HTTP library takes, in characters. */
export const MAX_TARGET_CHARS = 65_534;

/**
 * Names and values of all headers together: a stack of 262,144 bytes and approvals of 65,536 in base64
 * (Tenuo wire format) fill 437,000 of them.
 */
export const MAX_HEADER_CHARS = 524_288;

/** Ten times what Envoy lets through by default; each costs a look. */
export const MAX_HEADER_LINES = 1000;

/** A list of names for the next hop; each costs a look. */
export const MAX_CONNECTION_CHARS = 8192;

/** What the reference authorizer reads before it answers 413. */
export const DEFAULT_BODY_BYTES = 2_097_152;

/** A body is held in memory several times while it is judged. */
export const MAX_BODY_BYTES = 67_108_864;

/** Each link costs a verification, about 60 µs. */
export const DEFAULT_CHAIN_LENGTH = 16;

/** The longest chain that the wire format allows. */
export const MAX_CHAIN_LENGTH = 65;

/** Each approval costs a verification. */
export const DEFAULT_APPROVALS = 16;

/** Twice the 64 approvers of a warrant, the most that can be asked for. */
export const MAX_APPROVALS = 128;

/** Nesting of JSON lists and objects, as deep as the reference reads. */
export const MAX_JSON_DEPTH = 127;

/** Values in one JSON text: each takes up to fifty times its bytes in memory, and time wherever arguments are looked at. */
export const MAX_JSON_VALUES = 100_000;

/** Members of one JSON object: growing a larger one would take more than 1 ms in one go. */
export const MAX_JSON_MEMBERS = 16_384;

/** Characters of one JSON number: every double can be written out with 1077, and none needs more than 25. */
export const MAX_JSON_NUMBER_CHARS = 1100;

/** Digits and sign of the least i64. A longer text is out of range, and is not worth the time to convert. */
export const MAX_INTEGER_CHARS = 20;

/** How many names a refusal lists as available. */
export const MAX_LISTED_NAMES = 5;

/** The highest clearance a warrant can carry (Tenuo wire format). */
export const MAX_CLEARANCE = 255;
