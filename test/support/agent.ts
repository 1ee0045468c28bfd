import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { credentials, type HeaderLines } from "./client.ts";
import { ownIssuer } from "./own.ts";
import { type Call, newKey, type Tools } from "./warrants.ts";

/** Somebody who holds a warrant. */
export interface Agent {
  readonly key: SigningKey;
  readonly warrant: string;
  /** The credentials of a call, with a proof made now. */
  headers(call: Call): Promise<HeaderLines>;
  /** Somebody else, with what this one may hand on of these tools. */
  delegate(tools: Tools): Promise<Agent>;
}

/** A new one, with a warrant of this root. */
export async function newAgent(root: SigningKey, tools: Tools): Promise<Agent> {
  const key = newKey();
  return agentWith(key, await ownIssuer.mint(root, { holder: key, tools, ttl: 600 }));
}

function agentWith(key: SigningKey, warrant: string): Agent {
  return {
    key,
    warrant,
    headers: async (call) => credentials(warrant, await ownIssuer.proof(warrant, key, call)),
    delegate: async (tools) => {
      const holder = newKey();
      return agentWith(holder, await ownIssuer.delegate(warrant, key, { holder, tools, ttl: 600 }));
    },
  };
}
