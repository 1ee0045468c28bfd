import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { credentials, type HeaderLines } from "./client.ts";
import { ownIssuer } from "./own.ts";
import { type Call, type Issuer, newKey, type Tools } from "./warrants.ts";

/** Somebody who holds a warrant. */
export interface Agent {
  readonly key: SigningKey;
  readonly warrant: string;
  /** The credentials of a call, with a proof made now. */
  headers(call: Call): Promise<HeaderLines>;
  /** Somebody else, with what this one may hand on of these tools. */
  delegate(tools: Tools): Promise<Agent>;
}

const TTL_SECONDS = 600;

/** A new one, with a warrant of this root. */
export async function newAgent(root: SigningKey, tools: Tools, issuer: Issuer = ownIssuer): Promise<Agent> {
  const key = newKey();
  return agentWith(key, await issuer.mint(root, { holder: key, tools, ttl: TTL_SECONDS }), issuer);
}

function agentWith(key: SigningKey, warrant: string, issuer: Issuer): Agent {
  return {
    key,
    warrant,
    headers: async (call) => credentials(warrant, await issuer.proof(warrant, key, call)),
    delegate: async (tools) => {
      const holder = newKey();
      const child = await issuer.delegate(warrant, key, { holder, tools, ttl: TTL_SECONDS });
      return agentWith(holder, child, issuer);
    },
  };
}
