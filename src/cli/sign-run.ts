import { SEED_BYTES, type SigningKey, signingKeyFromSeed } from "../crypto/ed25519.ts";
import { parseJson } from "../gateway/json.ts";
import { errorMessage } from "../server/error-message.ts";
import { readTextFile } from "../server/state/read-file.ts";
import { finish } from "../steps.ts";
import { isObject, type Value } from "../value.ts";
import { encodeHeader, parseWarrantHeader } from "../warrant/header.ts";
import { isStack } from "../warrant/parse.ts";
import { signProof } from "../warrant/proof.ts";
import { leafOf, type Stack } from "../warrant/warrant.ts";
import { EXIT_OK, type Input, RunError, UsageError } from "./command.ts";
import { required } from "./flag-value.ts";

/** Prints the two headers of one call. @throws {UsageError | RunError} */
export function runSign(input: Input): number {
  const warrant = readTrimmed(required(input, "warrant"));
  const stack = readStack(warrant);
  const key = readKey(required(input, "key"));
  if (key.publicKey.hex !== leafOf(stack).holder.hex) {
    throw new RunError("the key isn't the holder's of this warrant, so its proofs won't verify");
  }
  const call = { warrant: leafOf(stack), tool: required(input, "tool"), args: readArguments(input) };
  const proof = encodeHeader(signProof(key, call, Date.now() / 1000));
  const headers = { "X-Tenuo-Warrant": warrant, "X-Tenuo-PoP": proof };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  input.stdout(input.isSet("json") ? `${JSON.stringify(headers)}\n` : lines.join(""));
  return EXIT_OK;
}

function readStack(text: string): Stack {
  const stack = finish(parseWarrantHeader(text));
  if (!isStack(stack)) throw new RunError(`the file of --warrant holds no warrant: ${stack.detail}`);
  return stack;
}

function readKey(file: string): SigningKey {
  const hex = readTrimmed(file);
  if (!/^[0-9a-f]{64}$/i.test(hex))
    throw new RunError(`the file of --key isn't ${SEED_BYTES * 2} hex digits`);
  return signingKeyFromSeed(Buffer.from(hex, "hex"));
}

function readArguments(input: Input): ReadonlyMap<string, Value> {
  const args = new Map<string, Value>();
  const json = input.text("args");
  if (json !== undefined) {
    const parsed = parseJson(Buffer.from(json));
    if (!parsed.ok || !isObject(parsed.document.value) || parsed.document.repeated.size > 0) {
      throw new UsageError("the value of --args isn't one JSON object without repeated names");
    }
    for (const [name, value] of parsed.document.value) args.set(name, value);
  }
  for (const pair of input.list("arg")) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new UsageError(`\`--arg ${pair}\` isn't NAME=TEXT`);
    const name = pair.slice(0, equals);
    if (args.has(name)) throw new UsageError(`the argument \`${name}\` is given twice`);
    args.set(name, pair.slice(equals + 1));
  }
  return args;
}

function readTrimmed(file: string): string {
  try {
    return readTextFile(file).trim();
  } catch (error) {
    throw new RunError(errorMessage(error));
  }
}
