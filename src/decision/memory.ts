import { createFairCache } from "../fair-cache.ts";
import { createKnownSignatures, type KnownSignatures } from "../warrant/known-signatures.ts";
import type { ProvenChain } from "../warrant/proven-chain.ts";
import type { ChainFacts } from "./decision.ts";

/**
 * What was proven under one policy, so that it needn't be proven again; a new policy begins with an empty one. Nothing
 * in it says that a call is allowed: chains are rechecked, and proofs held against the windows, each time.
 */
export interface Memory {
  readonly chains: KnownChains;
  readonly signatures: KnownSignatures;
}

/** Chains by the text of the warrant header: another spelling of the same chain is another one. */
export interface KnownChains {
  readonly find: (text: string) => KnownChain | undefined;
  /** @param weigh tells what the chain takes in memory, in bytes; asked only where it can be kept */
  readonly keep: (text: string, known: KnownChain, weigh: () => number) => void;
}

export interface KnownChain {
  readonly chain: ProvenChain;
  readonly facts: ChainFacts;
}

/**
 * What is kept of chains that were proven, in bytes, and in the service no more than a twelfth of the heap: some eight
 * hundred ordinary ones.
 */
export const MAX_KNOWN_CHAINS_BYTES = 8_388_608;

/** @param chainBytes what is kept of chains */
export function createMemory(chainBytes = MAX_KNOWN_CHAINS_BYTES): Memory {
  return Object.freeze({ chains: createKnownChains(chainBytes), signatures: createKnownSignatures() });
}

interface Kept extends KnownChain {
  readonly text: string;
}

function createKnownChains(bytes: number): KnownChains {
  const cache = createFairCache<Kept>(bytes);
  return Object.freeze({
    find: (text: string) => {
      const kept = cache.get(endOf(text));
      return kept?.text === text ? kept : undefined;
    },
    keep: (text: string, { chain, facts }: KnownChain, weigh: () => number) => {
      if (chain.isTimed) return;
      // Of its own, since what is cut out of a text keeps all of it.
      const copy = Buffer.from(text).toString();
      cache.add(endOf(copy), { text: copy, chain, facts }, chain.warrants[0].id, weigh() + copy.length);
    },
  });
}

/**
 * Characters that find a chain, which is then compared as a whole: those of the last signature differ, and are few to
 * hash.
 */
const END_CHARACTERS = 64;

function endOf(text: string): string {
  return text.slice(-END_CHARACTERS);
}
