import { randomBytes } from "node:crypto";
import { encode } from "../../src/cbor/encode.ts";
import type { CborKey, CborValue } from "../../src/cbor/value.ts";
import { generateSigningKey, type SigningKey, signMessage } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { KEY } from "../../src/warrant/payload.ts";
import { warrantMessage } from "../../src/warrant/signed-message.ts";
import { unixNow } from "./warrants.ts";

/** One warrant as a dishonest holder may sign it: any field can hold anything, and none is checked. */
export interface RawLink {
  readonly signer: SigningKey;
  readonly holder: SigningKey;
  /** Over what an honest encoder would write; undefined leaves a field out. */
  readonly fields?: Readonly<Partial<Record<keyof typeof KEY, CborValue>>>;
  /** A last change of the payload's bytes, before they are signed. */
  readonly respell?: (payload: Uint8Array) => Uint8Array;
}

export interface RawChain {
  /** Value of the warrant header. */
  readonly header: string;
  /** Hex digits of the leaf's id. */
  readonly leafId: string;
  readonly holder: SigningKey;
}

/** Signs the links, each as the child of the one before; a single link is a warrant of its own. */
export function rawChain(links: readonly RawLink[], issuedAt: number): RawChain {
  const envelopes: CborValue[] = [];
  let parentHash: Uint8Array | undefined;
  let id = Buffer.alloc(0);
  for (const [depth, { signer, holder, fields, respell }] of links.entries()) {
    id = randomBytes(16);
    const payload = new Map<CborKey, CborValue>([
      [KEY.version, 1n],
      [KEY.id, id],
      [KEY.type, 0n],
      [KEY.tools, new Map()],
      [KEY.holder, [1n, holder.publicKey.bytes]],
      [KEY.issuer, [1n, signer.publicKey.bytes]],
      [KEY.issuedAt, BigInt(issuedAt)],
      [KEY.expiresAt, BigInt(issuedAt + 600)],
      [KEY.maxDepth, 16n],
      [KEY.depth, BigInt(depth)],
    ]);
    if (parentHash !== undefined) payload.set(KEY.parentHash, Array.from(parentHash, BigInt));
    for (const [name, value] of Object.entries(fields ?? {})) {
      const key = KEY[name as keyof typeof KEY];
      if (value === undefined) payload.delete(key);
      else payload.set(key, value);
    }
    const bytes = respell?.(encode(payload)) ?? encode(payload);
    envelopes.push([1n, bytes, [1n, signMessage(signer, warrantMessage(bytes))]]);
    parentHash = sha256(bytes);
  }
  const [single] = envelopes;
  const stack = encode(envelopes.length === 1 ? single : envelopes);
  const { holder } = links.at(-1) as RawLink;
  return { header: Buffer.from(stack).toString("base64url"), leafId: id.toString("hex"), holder };
}

/** As many links, each held by a key of its own, and all with the same fields. */
export function longChain(
  root: SigningKey,
  length: number,
  fields: NonNullable<RawLink["fields"]>,
): RawChain {
  let signer = root;
  const links = Array.from({ length }, (): RawLink => {
    const link = { signer, holder: generateSigningKey(), fields };
    signer = link.holder;
    return link;
  });
  return rawChain(links, unixNow());
}

/** The wire form of a tools map: tool to argument to `[type, value]`. */
export function rawTools(
  tools: Readonly<Record<string, Readonly<Record<string, CborValue>>>>,
): Map<string, CborValue> {
  return new Map(Object.entries(tools).map(([tool, constraints]) => [tool, rawSet(constraints)]));
}

export function rawSet(constraints: Readonly<Record<string, CborValue>>): CborValue {
  return new Map([["constraints", new Map(Object.entries(constraints))]]);
}
