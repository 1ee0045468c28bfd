import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import type { SigningKey } from "../../src/crypto/ed25519.ts";
import { callHeaders, keepAsking, oneTool, overGrpc, type Question, told } from "../support/asking.ts";
import { ownIssuer } from "../support/own.ts";
import { signList } from "../support/revocation-list.ts";
import { type Serving, startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const folder = mkdtempSync(join(tmpdir(), "tenuo-rotation-"));
after(() => rmSync(folder, { recursive: true }));

const [older, newer, agent] = [newKey(), newKey(), newKey()];
const holderOf = async (root: SigningKey) => {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { t: {} }, ttl: 3600 });
  return callHeaders(warrant, agent, { tool: "t", args: {} });
};
const [withOlder, withNewer] = await Promise.all([holderOf(older), holderOf(newer)]);

/** In one step, as docs/reload.md asks for. */
function replace(file: string, content: string | Uint8Array): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

const keysText = (roots: readonly SigningKey[]) =>
  roots.map(({ publicKey }) => `${publicKey.hex} # since today\n`).join("");
const gatewayText = (roots: readonly SigningKey[]) =>
  oneTool(older).replace(
    /trusted_roots: \[.*?\]/,
    `trusted_roots: ${JSON.stringify(roots.map(({ publicKey }) => publicKey.hex))}`,
  );

/** Clients that ask all the time with warrants of one root, and can be moved to another; all of them have to be allowed. */
function startClients(t: TestContext, { port }: Serving) {
  let headers = withOlder;
  const question: Question = {
    name: "a client",
    target: "/t",
    headers: () => headers(),
    expected: ["allow"],
  };
  const asking = keepAsking(t, overGrpc(port), [question], 8);
  const more = async (): Promise<void> => {
    const { asked } = asking.figures();
    await waitFor("requests", () => asking.figures().asked > asked + 200 || undefined);
  };
  return {
    more,
    move: async () => {
      headers = withNewer;
      await more();
    },
    assertAllAllowed: async () => {
      const figures = await asking.stop();
      t.diagnostic(told(figures));
      assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
    },
  };
}

async function verdicts({ port }: Serving): Promise<readonly [older: string, newer: string]> {
  const { ask, close } = overGrpc(port);
  const both = [await ask("/t", await withOlder()), await ask("/t", await withNewer())] as const;
  close();
  return both;
}

const WAYS = [
  [
    "--trusted-keys-file",
    (_config: string, keys: string, roots: readonly SigningKey[]) => replace(keys, keysText(roots)),
  ],
  [
    "settings.trusted_roots",
    (config: string, _keys: string, roots: readonly SigningKey[]) => replace(config, gatewayText(roots)),
  ],
] as const;

for (const [name, write] of WAYS) {
  test(`roots are rotated by ${name} under traffic, and no valid call is denied`, async (t) => {
    const keys = join(folder, `keys-${WAYS.findIndex(([each]) => each === name)}`);
    const isFile = name === "--trusted-keys-file";
    replace(keys, keysText([older]));
    const first = isFile ? gatewayText([]) : gatewayText([older]);
    const service = await startServe(t, first, { args: isFile ? ["--trusted-keys-file", keys] : [] });
    const rotate = async (...roots: readonly SigningKey[]): Promise<void> => {
      write(service.config, keys, roots);
      // Without a signal: the service sees the change.
      const { result } = await waitFor("the roots in force", () => {
        const last = service.lines().findLast(({ event }) => event === "reload");
        return last?.["trusted_roots"] === roots.length ? last : undefined;
      });
      assert.equal(result, "success");
    };
    assert.deepEqual(await verdicts(service), ["allow", "untrusted_root"]);
    const clients = startClients(t, service);
    await clients.more();
    await rotate(older, newer);
    assert.deepEqual(await verdicts(service), ["allow", "allow"]);
    await clients.move();
    await rotate(newer);
    assert.deepEqual(await verdicts(service), ["untrusted_root", "allow"]);
    await clients.more();
    await rotate(newer, older);
    assert.deepEqual(await verdicts(service), ["allow", "allow"], "rolled back");
    await clients.assertAllAllowed();
  });
}

test("a root that signed the list in force may go, and the next list then needs a signer that is trusted", async (t) => {
  const keys = join(folder, "keys-list");
  const list = join(folder, "list");
  replace(keys, keysText([older]));
  replace(list, signList(older, { version: 1 }));
  const args = ["--trusted-keys-file", keys, "--revocation-list", list];
  const service = await startServe(t, gatewayText([]), { args });
  const clients = startClients(t, service);
  replace(keys, keysText([older, newer]));
  assert.equal((await service.reload())["result"], "success");
  await clients.move();

  // The wrong order: the root is gone all the same, the list stays in force, and both are told.
  replace(keys, keysText([newer]));
  const tooEarly = await service.reload();
  assert.deepEqual([tooEarly["result"], tooEarly["kept"]], ["failure", ["revocation_list"]]);
  assert.deepEqual(await verdicts(service), ["untrusted_root", "allow"]);
  await assert.rejects(startServe(t, gatewayText([]), { args }), /list/);

  // What mends it: a list of a higher version, signed by the new root.
  replace(list, signList(newer, { version: 2 }));
  assert.equal((await service.reload())["result"], "success");
  assert.deepEqual(await verdicts(service), ["untrusted_root", "allow"]);
  await clients.assertAllAllowed();
});

test("with the list signed anew before the old root goes, no reload fails", async (t) => {
  const keys = join(folder, "keys-order");
  const list = join(folder, "list-order");
  replace(keys, keysText([older]));
  replace(list, signList(older, { version: 1 }));
  const args = ["--trusted-keys-file", keys, "--revocation-list", list];
  const service = await startServe(t, gatewayText([]), { args });
  for (const step of [
    () => replace(keys, keysText([older, newer])),
    () => replace(list, signList(newer, { version: 2 })),
    () => replace(keys, keysText([newer])),
  ]) {
    step();
    assert.equal((await service.reload())["result"], "success");
  }
  assert.deepEqual(await verdicts(service), ["untrusted_root", "allow"]);
  assert.equal(await (await fetch(`http://127.0.0.1:${service.port}/ready`)).status, 200);
});
