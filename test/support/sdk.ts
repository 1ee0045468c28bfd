import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type SigningKey, seedOf } from "../../src/crypto/ed25519.ts";
import { missing } from "./missing.ts";
import { python } from "./python.ts";
import { type Grant, type Issuer, unixNow } from "./warrants.ts";

const program = fileURLToPath(new URL("sdk.py", import.meta.url));

export interface Sdk extends Issuer {
  /** What its own verifier says: `allow`, or why not. */
  judge(
    root: SigningKey,
    warrant: string,
    proof: string,
    call: { readonly tool: string; readonly args: object },
  ): Promise<string>;
  /** A signed revocation list in base64. @param ids `tnu_wrt_…` */
  revocationList(signer: SigningKey, version: number, ids: readonly string[]): Promise<string>;
}

/** The SDK, or the reason to say or to skip with where it can't be had; under `CI=true` that is an error. */
export function sdkOrReason(): Promise<
  { readonly sdk: Sdk; readonly withoutSdk: false } | { readonly sdk: undefined; readonly withoutSdk: string }
> {
  return startSdk().then(
    (sdk) => ({ sdk, withoutSdk: false }),
    (error) => ({ sdk: undefined, withoutSdk: missing("cases with the published SDK", error) }),
  );
}

/** The published Python SDK in a process of its own. Requests are answered one after another. */
async function startSdk(): Promise<Sdk> {
  const child = spawn(await python(), [program], { stdio: ["pipe", "pipe", "inherit"] });
  const ask = asker(child);
  const grantText = ({ holder, tools, ttl, approval }: Grant) => ({
    holder: holder.publicKey.hex,
    tools,
    ttl: ttl ?? 60,
    ...(approval && {
      approval: { ...approval, approvers: approval.approvers.map((key) => key.publicKey.hex) },
    }),
  });
  return {
    name: "the published SDK",
    mint: (root, grant) => ask("mint", { seed: seed(root), ...grantText(grant) }),
    delegate: (parent, holder, grant) => ask("delegate", { parent, seed: seed(holder), ...grantText(grant) }),
    leaf: (warrant) => ask("leaf", { warrant }),
    identifier: (warrant) => ask("identifier", { warrant }),
    proof: (warrant, holder, call, time = unixNow()) =>
      ask("proof", { warrant, seed: seed(holder), ...call, time }),
    judge: (root, warrant, proof, call) =>
      ask("judge", { root: root.publicKey.hex, warrant, proof, ...call }),
    revocationList: (signer, version, ids) => ask("revocationList", { seed: seed(signer), version, ids }),
    approve: (approver, requestHash) => ask("approve", { seed: seed(approver), request_hash: requestHash }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

function seed(key: SigningKey): string {
  return Buffer.from(seedOf(key)).toString("hex");
}

function asker(child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream }) {
  const waiting: PromiseWithResolvers<string>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = JSON.parse(line) as { result?: string; error?: string };
    const asked = waiting.shift();
    if (answer.error === undefined) asked?.resolve(answer.result ?? "");
    else asked?.reject(new Error(`the SDK refused: ${answer.error}`));
  });
  child.on("exit", (code) => {
    for (const asked of waiting.splice(0)) asked.reject(new Error(`the SDK process ended with ${code}`));
  });
  return (operation: string, request: object): Promise<string> => {
    const asked = Promise.withResolvers<string>();
    waiting.push(asked);
    child.stdin.write(`${JSON.stringify({ operation, ...request })}\n`);
    return asked.promise;
  };
}
