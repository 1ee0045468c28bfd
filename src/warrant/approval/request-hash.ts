import { encode, encodeInSteps } from "../../cbor/encode.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Steps } from "../../steps.ts";
import type { Arguments } from "../../value.ts";
import { type Warrant, warrantIdText } from "../warrant.ts";

/**
 * What approvers sign in place of the call itself (approvals §3): this warrant, this tool, these arguments, for this
 * holder. Unlike a proof it takes the id with its prefix, the arguments as a map, and no time.
 */
export function* requestHash(
  warrant: Pick<Warrant, "id" | "holder">,
  tool: string,
  args: Arguments,
): Steps<Uint8Array> {
  const encoded = yield* encodeInSteps(args);
  return sha256(encode([warrantIdText(warrant), tool, encoded, warrant.holder.bytes]));
}
