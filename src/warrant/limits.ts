// Those that say so stand in the Tenuo wire format (§7). All are checked before any signature.

/** A warrant with its envelope, as the format has it. */
export const MAX_WARRANT_BYTES = 65_536;
/** A stack, as the format has it. */
export const MAX_STACK_BYTES = 262_144;
/** The highest `max_depth`, as the format has it. */
export const MAX_DEPTH = 64;
/** A root and the delegations below it. */
export const MAX_CHAIN_LENGTH = MAX_DEPTH + 1;
/** What a stack of that many consists of: an envelope is five items and two lists, one around the signature. */
export const MAX_STACK_ITEMS = 1 + 7 * MAX_CHAIN_LENGTH;
/** CBOR items in the payload of a warrant, and in an approvals header; bytes written as numbers take one each. */
export const MAX_ITEMS = 32_768;
/** As the format has it. */
export const MAX_TOOLS = 256;
/** Arguments of one tool, as the format has it. */
export const MAX_CONSTRAINTS_PER_SET = 64;
/** Composites in one another, as the format has it. */
export const MAX_CONSTRAINT_NESTING = 32;
/**
 * All constraints of a stack. The format leaves them open, and 262,144 bytes have room for 80,000; each takes some
 * microseconds to read, and a hundred times its bytes in memory.
 */
export const MAX_STACK_CONSTRAINTS = 4096;
/** A composite and all below it, which are read in one go. */
export const MAX_CONSTRAINT_MEMBERS = 1024;
/** As the format has it. */
export const MAX_ISSUABLE_TOOLS = 256;
/** As the format has it. */
export const MAX_APPROVERS = 64;
/** Twice the most approvers, beyond which more approvals can't help. */
export const MAX_APPROVALS = 2 * MAX_APPROVERS;
/** All approvals of a request together, decoded. */
export const MAX_APPROVALS_BYTES = 65_536;
/** As the format has it. */
export const MAX_EXTENSIONS = 64;
/** As the format has it. */
export const MAX_EXTENSION_KEY_BYTES = 255;
/** As the format has it. */
export const MAX_EXTENSION_VALUE_BYTES = 8192;
/** 90 days, as the format has it. */
export const MAX_LIFETIME_SECONDS = 7_776_000;
/** Beyond it a JavaScript number is no longer exact. */
export const MAX_TIMESTAMP = 2 ** 53;
/** Tool names under this prefix belong to the protocol itself. */
export const RESERVED_TOOL_PREFIX = "tenuo:";
/** A signed revocation list: room for 400 000 ids, which take about a second to read. */
export const MAX_REVOCATION_LIST_BYTES = 16_777_216;
