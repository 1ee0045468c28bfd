import { createHash } from "node:crypto";
import { type SigningKey, signingKeyFromSeed } from "../../src/crypto/ed25519.ts";
import { KEY_NAMES, type KeyName } from "./spec.ts";

/** Every key of every run is the same, so that the server knows its roots. */
export const KEYS: Readonly<Record<KeyName, SigningKey>> = Object.fromEntries(
  KEY_NAMES.map((name) => [name, signingKeyFromSeed(createHash("sha256").update(name).digest())]),
) as Record<KeyName, SigningKey>;
