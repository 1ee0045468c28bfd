import { CborError, decode } from "../../cbor/decode.ts";
import { isArray } from "../../cbor/value.ts";
import { decodeBase64 } from "../header.ts";
import { MAX_APPROVALS_BYTES, MAX_ITEMS } from "../limits.ts";
import { Malformed } from "../malformed.ts";
import { refuse, type WarrantRefusal } from "../refusal.ts";
import { parseSignedApproval, type SignedApproval } from "./signed-approval.ts";

/** Base64 turns 3 bytes into 4 characters. */
const MAX_HEADER_CHARACTERS = Math.ceil(MAX_APPROVALS_BYTES / 3) * 4;

/** Reads the text of an approvals header: an array of approvals, or one; an absent or empty header has none. */
export function parseApprovalsHeader(text: string | undefined): readonly SignedApproval[] | WarrantRefusal {
  if (text === undefined || text === "") return [];
  if (text.length > MAX_HEADER_CHARACTERS) return unreadable("it is too long");
  const bytes = decodeBase64(text);
  if (bytes === undefined) return unreadable("it isn't base64url or base64");
  if (bytes.length > MAX_APPROVALS_BYTES) return unreadable("it is too long");
  try {
    const value = decode(bytes, MAX_ITEMS);
    return isArray(value) ? value.map(parseSignedApproval) : [parseSignedApproval(value)];
  } catch (error) {
    if (error instanceof CborError || error instanceof Malformed) return unreadable(error.message);
    throw error;
  }
}

/** Tells what {@link parseApprovalsHeader} returned. */
export function isApprovals(
  parsed: readonly SignedApproval[] | WarrantRefusal,
): parsed is readonly SignedApproval[] {
  return Array.isArray(parsed);
}

function unreadable(why: string): WarrantRefusal {
  return refuse("invalid_approval", `the approvals header can't be read: ${why}`);
}
