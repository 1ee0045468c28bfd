import { generateKeyPairSync, sign, verify } from "node:crypto";

const COUNT = 2000;
/** As long as what a proof signs. */
const MESSAGE_BYTES = 160;

/** Processor time of one Ed25519 verification by OpenSSL, with a key that is known already, in microseconds. */
export function verificationMicroseconds(): number {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const message = Buffer.alloc(MESSAGE_BYTES, 7);
  const signature = sign(null, message, privateKey);
  const before = process.cpuUsage();
  for (let i = 0; i < COUNT; i++) verify(null, message, publicKey, signature);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / COUNT;
}
