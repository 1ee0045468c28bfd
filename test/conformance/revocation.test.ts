import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../../src/gateway/json.ts";
import { finish } from "../../src/steps.ts";
import { isObject } from "../../src/value.ts";
import { parseWarrantHeader } from "../../src/warrant/header.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { revocationListBytes } from "../../src/warrant/revocation-file.ts";
import {
  isUsable,
  mayReplace,
  parseRevocationList,
  type RevocationList,
} from "../../src/warrant/revocation-list.ts";
import { verifyCall } from "../../src/warrant/verify.ts";
import { readVectors } from "./vectors.ts";

interface Named {
  readonly name: string;
}

interface Load extends Named {
  readonly kind: "load";
  readonly inputs: ListInput;
  readonly want: { readonly result: "accept" | "reject" };
}

interface Check extends Named {
  readonly kind: "check";
  readonly now: number;
  readonly inputs: ListInput & {
    readonly tool: string;
    readonly args_json: string;
    readonly warrant_header: string;
    readonly pop_header: string;
  };
  /** With `or`, the list may also be refused when it is loaded. */
  readonly want: { readonly decision: "allow" | "deny"; readonly reason?: string; readonly or?: string };
}

interface UpdateSequence extends Named {
  readonly kind: "update-sequence";
  readonly inputs: { readonly srls_base64: readonly string[]; readonly trusted_roots: readonly string[] };
  readonly want: { readonly steps: readonly ("accept" | "reject")[] };
}

interface Request extends Named {
  readonly kind: "request";
}

interface ListInput {
  readonly srl_base64: string;
  readonly trusted_roots: readonly string[];
}

const { vectors } = readVectors<{ vectors: readonly (Load | Check | UpdateSequence | Request)[] }>(
  "revocation",
);

/** Loads and updates name no time; by now all their lists have been signed, but for those of the future. */
const LATER = Date.parse("2024-01-01T00:06:00Z") / 1000;

/** Outcomes that differ from the file on purpose, each with its reason. */
const DELIBERATE: ReadonlyMap<string, { readonly result: "accept" | "reject"; readonly why: string }> =
  new Map([
    [
      "load-signed-by-second-root",
      {
        result: "accept",
        why: "where no signers are listed every trusted root may sign, not the first alone",
      },
    ],
  ]);

/** Kinds that aren't run, each with its reason. */
const NOT_RUN: ReadonlyMap<string, string> = new Map([
  ["request", "a request to revoke goes to a control plane; nothing here takes one"],
]);

test("every case of revocation.json gets its outcome", async (t) => {
  for (const vector of vectors) {
    await t.test(`${vector.kind}: ${vector.name}`, (t) => {
      const notRun = NOT_RUN.get(vector.kind);
      if (notRun !== undefined) return t.diagnostic(`not run: ${notRun}`);
      if (vector.kind === "load") checkLoad(vector);
      if (vector.kind === "check") checkDecision(vector);
      if (vector.kind === "update-sequence") checkUpdates(vector);
    });
  }
});

test("the file is complete", () => {
  const count = (kind: string) => vectors.filter((vector) => vector.kind === kind).length;
  assert.deepEqual(["load", "check", "update-sequence", "request"].map(count), [41, 16, 12, 8]);
  const names = new Set(vectors.map(({ name }) => name));
  for (const name of DELIBERATE.keys()) assert.ok(names.has(name));
});

function checkLoad({ name, inputs, want }: Load): void {
  const list = parse(inputs.srl_base64, inputs.trusted_roots, LATER);
  const expected = DELIBERATE.get(name)?.result ?? want.result;
  assert.equal(list === undefined ? "reject" : "accept", expected);
}

function checkDecision({ now, inputs, want }: Check): void {
  const list = parse(inputs.srl_base64, inputs.trusted_roots, now);
  if (list === undefined) {
    assert.ok(want.or !== undefined, "the list is refused");
    return;
  }
  const stack = finish(parseWarrantHeader(inputs.warrant_header));
  assert.ok(isStack(stack));
  const args = parseJson(Buffer.from(inputs.args_json));
  assert.ok(args.ok && isObject(args.document.value));
  const call = { tool: inputs.tool, args: args.document.value, proof: inputs.pop_header };
  const trust = {
    roots: new Set(inputs.trusted_roots),
    clockToleranceSeconds: 30,
    revocation: { list, required: true },
  };
  const refusal = finish(verifyCall(stack, call, trust, now));
  assert.equal(refusal?.refused ?? "allow", want.reason ?? want.decision);
}

function checkUpdates({ inputs, want }: UpdateSequence): void {
  let inForce: RevocationList | undefined;
  const steps = inputs.srls_base64.map((text) => {
    const list = parse(text, inputs.trusted_roots, LATER);
    if (list === undefined || (inForce !== undefined && !mayReplace(inForce, list))) return "reject";
    inForce = list;
    return "accept";
  });
  assert.deepEqual(steps, want.steps);
}

function parse(base64: string, roots: readonly string[], now: number): RevocationList | undefined {
  const bytes = revocationListBytes(Buffer.from(base64));
  if (bytes === undefined) return undefined;
  const list = parseRevocationList(bytes, { signers: new Set(roots), now, clockToleranceSeconds: 30 });
  return isUsable(list) ? list : undefined;
}
