import type { SigningKey } from "../../../src/crypto/ed25519.ts";
import { credentials, type HeaderLines } from "../client.ts";
import { ownIssuer } from "../own.ts";
import { type Call, newKey, type Tools } from "../warrants.ts";
import type { WireRequest } from "../wire-request.ts";
import type { Attempt } from "./attempt.ts";

/** Every tool of gateway.yaml with any argument: what holds an attacker back is the proof alone. */
const EVERYTHING: Tools = Object.fromEntries(
  ["read_file", "erase_file", "admin_file", "read_doc", "search", "place_order", "cancel_order"].map(
    (tool) => [tool, {}],
  ),
);

/** Who takes part: the root that is trusted, a holder of its warrant, and one whom nobody knows. */
export interface Cast {
  readonly root: SigningKey;
  readonly holder: SigningKey;
  readonly stranger: SigningKey;
  readonly warrant: string;
}

export async function newCast(): Promise<Cast> {
  const [root, holder, stranger] = [newKey(), newKey(), newKey()];
  const warrant = await ownIssuer.mint(root, { holder, tools: EVERYTHING, ttl: 600 });
  return { root, holder, stranger, warrant };
}

/** The request of an attempt with what is to be sent for a warrant and a proof. */
export async function prepare({ signs, credentials: own, sends }: Attempt, cast: Cast): Promise<WireRequest> {
  const lines = own ? await own(cast) : signs === undefined ? [] : await authority(cast, signs);
  return { ...sends, headers: [...(sends.headers ?? []), ...lines] };
}

/** The two headers of a call that the holder signs now. */
export async function authority({ warrant, holder }: Cast, call: Call): Promise<HeaderLines> {
  return credentials(warrant, await ownIssuer.proof(warrant, holder, call));
}
