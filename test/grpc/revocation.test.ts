import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import type { Snapshot } from "../../src/server/state/snapshot.ts";
import { ownIssuer } from "../support/own.ts";
import { type ListContent, rfc3339, signList } from "../support/revocation-list.ts";
import { sdkOrReason } from "../support/sdk.ts";
import { type Service, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { type Issuer, newKey, unixNow } from "../support/warrants.ts";

const root = newKey();
const planner = newKey();
const worker = newKey();

const folder = mkdtempSync(join(tmpdir(), "tenuo-revocation-"));
after(() => rmSync(folder, { recursive: true }));

/** A gateway.yaml with a list of this content. */
function gateway(name: string, content: string | Uint8Array, settings = "", key = root): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return `
version: "2"
settings: {trusted_roots: ["${key.publicKey.hex}"], revocation: {file: ${file}${settings}}}
tools: {t: {}}
routes: [{pattern: /t, tool: t}]
`;
}

const list = (content: ListContent = {}) => signList(root, content);

async function chain(issuer: Issuer) {
  const parent = await issuer.mint(root, { holder: planner, tools: { t: {} } });
  const child = await issuer.delegate(parent, planner, { holder: worker, tools: { t: {} } });
  return {
    parent,
    child,
    parentId: await issuer.identifier(parent),
    childId: await issuer.identifier(child),
  };
}

/** `allow`, or the reason and status of the denial. */
async function ask(
  t: TestContext,
  { port }: Service,
  warrant: string,
  holder = worker,
  issuer: Issuer = ownIssuer,
) {
  const proof = await issuer.proof(warrant, holder, { tool: "t", args: {} });
  const headers = { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof };
  const authorizer = connectAuthorization(`127.0.0.1:${port}`);
  t.after(authorizer.close);
  const http = { method: "GET", path: "/t", host: "api", headers };
  const { okResponse, deniedResponse } = await authorizer.check({ attributes: { request: { http } } });
  if (okResponse != null) return "allow";
  const body = JSON.parse(deniedResponse?.body ?? "");
  return `${deniedResponse?.status?.code} ${body.reason} ${body.error_code ?? ""}`.trim();
}

interface Pages {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly revocation_list: Readonly<Record<"version" | "entries" | "age_secs", number>>;
}

async function page(service: Service, path: string) {
  const response = await fetch(`http://127.0.0.1:${service.healthPort}${path}`);
  return { status: response.status, body: (await response.json()) as Pages };
}

const { sdk, withoutSdk } = await sdkOrReason();
after(() => sdk?.stop());

test("to revoke a parent takes its child away, and to revoke the child leaves the parent", async (t) => {
  const { parent, child, parentId, childId } = await chain(ownIssuer);
  const byParent = await startService(t, gateway("parent", list({ ids: [parentId] })));
  assert.equal(await ask(t, byParent, child), "Unauthorized warrant_revoked 1800");
  assert.equal(await ask(t, byParent, parent, planner), "Unauthorized warrant_revoked 1800");
  const byChild = await startService(t, gateway("child", list({ ids: [childId] })));
  assert.equal(await ask(t, byChild, child), "Unauthorized warrant_revoked 1800");
  assert.equal(await ask(t, byChild, parent, planner), "allow");
});

test("a list that the published SDK signed revokes what it minted", async (t) => {
  if (sdk === undefined) return t.skip(withoutSdk);
  const { parent, child, childId } = await chain(sdk);
  const base64 = await sdk.revocationList(root, 3, [childId]);
  for (const [name, content] of [
    ["text", `${base64.replace(/.{76}/g, "$&\n")}\n`],
    ["bytes", Buffer.from(base64, "base64")],
  ] as const) {
    const service = await startService(t, gateway(name, content));
    assert.equal(await ask(t, service, child, worker, sdk), "Unauthorized warrant_revoked 1800");
    assert.equal(await ask(t, service, parent, planner, sdk), "allow");
  }
  return undefined;
});

test("/status tells version, entries and age of the list", async (t) => {
  const content = { version: 7, ids: [`tnu_wrt_${"0".repeat(32)}`], issuedAt: rfc3339(unixNow() - 100) };
  const service = await startService(t, gateway("status", list(content)));
  const { version, entries, age_secs } = (await page(service, "/status")).body.revocation_list;
  assert.deepEqual([version, entries], [7, 1]);
  assert.ok(age_secs >= 100 && age_secs < 160, String(age_secs));
  assert.deepEqual((await page(service, "/ready")).body, { ready: true });
});

test("a required list that is too old refuses everything, and the service isn't ready", async (t) => {
  const { child } = await chain(ownIssuer);
  const old = list({ issuedAt: rfc3339(unixNow() - 100) });
  const service = await startService(t, gateway("old", old, ", max_age_secs: 60"));
  assert.equal(await ask(t, service, child), "ServiceUnavailable revocation_unavailable");
  const { status, body } = await page(service, "/ready");
  assert.equal(status, 503);
  assert.equal(body.reasons.length, 1);
  assert.match(body.reasons[0] ?? "", /^the revocation list was signed at .*, more than 60 seconds ago$/);

  const lax = await startService(t, gateway("lax", old, ", max_age_secs: 60, required: false"));
  assert.equal(await ask(t, lax, child), "allow");
  assert.equal((await page(lax, "/ready")).status, 200);
});

test("a list that gets too old while the service runs takes readiness away, and a newer one gives it back", async (t) => {
  let issuedAt = unixNow();
  const aged = (snapshot: Snapshot): Snapshot => {
    const { revocation } = snapshot.policy.trust;
    assert.ok(revocation !== undefined);
    const trust = {
      ...snapshot.policy.trust,
      revocation: { ...revocation, list: { ...revocation.list, issuedAt } },
    };
    return { ...snapshot, policy: { ...snapshot.policy, trust } };
  };
  const service = await startService(t, gateway("aging", list(), ", max_age_secs: 60"), { change: aged });
  const told = () => service.logged.map(({ event }) => event).filter((event) => event.includes("ready"));
  assert.equal((await page(service, "/ready")).status, 200);
  issuedAt -= 100;
  assert.equal((await page(service, "/ready")).status, 503);
  await waitFor("it is told", () => (told().length === 1 ? true : undefined), 5);
  issuedAt += 100;
  await waitFor("it is told", () => (told().length === 2 ? true : undefined), 5);
  assert.deepEqual(told(), ["unready", "ready"]);
});
