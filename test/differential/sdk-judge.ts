import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { decode } from "../../src/cbor/decode.ts";
import type { CborValue } from "../../src/cbor/value.ts";
import { python } from "../support/python.ts";
import type { Judge, Verdict } from "./judge.ts";
import type { Begun } from "./mint.ts";
import { REQUIRED_CLEARANCE } from "./sets.ts";
import { type CaseSpec, KEY_NAMES, toJson } from "./spec.ts";
import type { Envelope } from "./tamper.ts";
import { REVOKED, ROOTS } from "./trust.ts";

const program = fileURLToPath(new URL("sdk-judge.py", import.meta.url));

/** What the SDK's builders made of a chain. */
export interface Minted extends Begun {
  /** Why its builders stopped before the leaf; only when they made it are there proof and approvals. */
  readonly refusal: string | undefined;
}

export interface SdkJudge extends Judge {
  /** Signed by the SDK for the first root. */
  readonly revocationList: Uint8Array;
  mint(spec: CaseSpec): Promise<Minted>;
}

/** The published Python SDK in a process of its own. Requests are answered one after another. */
export async function startSdkJudge(): Promise<SdkJudge> {
  const child = spawn(await python(), [program], { stdio: ["pipe", "pipe", "inherit"] });
  const ask = asker(child);
  const setup = { keys: KEY_NAMES, roots: ROOTS, revoked: REVOKED, clearance: REQUIRED_CLEARANCE };
  const { revocationList } = (await ask(setup)) as { readonly revocationList: string };
  return {
    revocationList: Buffer.from(revocationList, "base64"),
    name: "0.3.3",
    async mint(spec) {
      const { chain, proof, approvals, refusal } = (await ask({ mint: spec })) as MintAnswer;
      return {
        chain: chain.map(toEnvelope),
        proof: proof === undefined ? undefined : Buffer.from(proof, "base64"),
        approvals: approvals?.map((text) => Buffer.from(text, "base64")),
        refusal: refusal ?? undefined,
      };
    },
    async judge({ spec: { call }, material: { now: _now, ...headers } }) {
      return (await ask({ judge: { ...headers, ...call } })) as Verdict;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

interface MintAnswer {
  readonly chain: readonly string[];
  readonly proof?: string;
  readonly approvals?: readonly string[];
  readonly refusal: string | null;
}

function toEnvelope(text: string): Envelope {
  const [, payload, [, signature]] = decode(Buffer.from(text, "base64")) as [
    CborValue,
    Uint8Array,
    readonly [CborValue, Uint8Array],
  ];
  return { payload, signature };
}

function asker(child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream }) {
  const waiting: PromiseWithResolvers<unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.resolve(JSON.parse(line)));
  child.on("exit", (code) => {
    for (const asked of waiting.splice(0)) asked.reject(new Error(`the SDK process ended with ${code}`));
  });
  return (request: object): Promise<unknown> => {
    const asked = Promise.withResolvers<unknown>();
    waiting.push(asked);
    child.stdin.write(`${toJson(request)}\n`);
    return asked.promise;
  };
}
