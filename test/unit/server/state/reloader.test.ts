import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { generateSigningKey } from "../../../../src/crypto/ed25519.ts";
import type { OpenWatch } from "../../../../src/server/state/folder-watch.ts";
import { loadSnapshot, type Sources } from "../../../../src/server/state/load-snapshot.ts";
import { messagesOf } from "../../../../src/server/state/part.ts";
import { MAX_FILE_BYTES } from "../../../../src/server/state/reading.ts";
import {
  createReloader,
  QUIET_MS,
  type Reload,
  type ReloaderOptions,
} from "../../../../src/server/state/reloader.ts";
import { createState } from "../../../../src/server/state/state.ts";
import { unixNow } from "../../../../src/server/unix-now.ts";
import { mountConfigMap } from "../../../support/config-map.ts";
import { rfc3339, signList } from "../../../support/revocation-list.ts";
import { waitFor } from "../../../support/wait.ts";

const root = generateSigningKey();

/** A gateway.yaml with one route, by which it is told from others. */
const gateway = (path: string, settings = "") => `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]${settings}}
tools: {t: {}}
routes: [{pattern: ${path}, tool: t}]
`;

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** So long that nothing is seen but by watching. */
const NEVER_MS = 2 ** 30;

async function startWatching(
  t: TestContext,
  sources: Partial<Sources> & Pick<Sources, "configFile">,
  options: Partial<ReloaderOptions> = {},
) {
  const all = { trustedKeys: [], ...sources };
  const loaded = await loadSnapshot(all, new Date());
  if (!loaded.ok) assert.fail(messagesOf(loaded.errors).join("\n"));
  const state = createState(all, loaded);
  const reloads: Reload[] = [];
  const complaints: string[] = [];
  const reloader = createReloader(state, {
    reloaded: (reload) => reloads.push(reload),
    deaf: (why) => complaints.push(why),
    pollMs: NEVER_MS,
    ...options,
  });
  t.after(reloader.close);
  const path = () => state.snapshot().policy.gateway.routes.all[0]?.pattern.text;
  return {
    ...{ state, reloader, reloads, complaints, path },
    /** Until this path is the one of the route in force. */
    becomes: (expected: string) =>
      waitFor(`${expected} in force, instead of ${path()}`, () => path() === expected || undefined),
    /** Waits as long as a change may take to be noticed. @returns how many reloads there were meanwhile */
    reloadsWhileQuiet: async () => {
      const before = reloads.length;
      await sleep(QUIET_MS * 4);
      return reloads.length - before;
    },
  };
}

test("what editors and tools do to a file puts it in force", async (t) => {
  const folder = newFolder(t);
  const configFile = join(folder, "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  const { becomes } = await startWatching(t, { configFile });
  const ways: Readonly<Record<string, (content: string) => void>> = {
    "in place": (content) => writeFileSync(configFile, content),
    renamed: (content) => {
      writeFileSync(`${configFile}~`, content);
      renameSync(`${configFile}~`, configFile);
    },
    "deleted and created": (content) => {
      rmSync(configFile);
      writeFileSync(configFile, content);
    },
    "in pieces": (content) => {
      writeFileSync(configFile, content.slice(0, 40));
      appendFileSync(configFile, content.slice(40));
    },
    linked: (content) => {
      const target = join(newFolder(t), "target.yaml");
      writeFileSync(target, content);
      rmSync(configFile);
      symlinkSync(target, configFile);
    },
  };
  for (const [i, write] of [...Object.values(ways), ...Object.values(ways)].entries()) {
    write(gateway(`/way/${i}`));
    await becomes(`/way/${i}`);
  }
});

test("a change of the file that a link leads to, in another folder, is seen", async (t) => {
  const target = join(newFolder(t), "target.yaml");
  const configFile = join(newFolder(t), "gateway.yaml");
  writeFileSync(target, gateway("/start"));
  symlinkSync(target, configFile);
  const { becomes } = await startWatching(t, { configFile });
  writeFileSync(target, gateway("/changed"));
  await becomes("/changed");
});

test("a ConfigMap is swapped many times, also to a bad version and back", async (t) => {
  const folder = newFolder(t);
  const version = (path: string) => ({ "gateway.yaml": gateway(path), keys: root.publicKey.hex });
  const map = mountConfigMap(folder, version("/start"));
  const [configFile, trustedKeysFile] = [join(folder, "gateway.yaml"), join(folder, "keys")];
  const { becomes, reloads, path, state } = await startWatching(t, { configFile, trustedKeysFile });
  for (let i = 0; i < 20; i++) {
    map.swap(version(`/swap/${i}`));
    await becomes(`/swap/${i}`);
  }
  const other = generateSigningKey().publicKey.hex;
  map.swap({ "gateway.yaml": "routes: [", keys: `${root.publicKey.hex}\n${other}` });
  await waitFor("the other file in force", () => state.snapshot().policy.trust.roots.has(other) || undefined);
  assert.deepEqual(
    reloads.at(-1)?.loaded.errors.map(({ part }) => part),
    ["config"],
  );
  assert.equal(path(), "/swap/19");
  map.swap(version("/swap/19"));
  await waitFor("the failure to be over", () => (state.failedReload() === undefined ? true : undefined));
  assert.ok(reloads.every(({ cause }) => cause === "watch"));
});

test("swaps while files are read end in the last one", async (t) => {
  const folder = newFolder(t);
  const map = mountConfigMap(folder, { "gateway.yaml": gateway("/start") });
  const { becomes, reloads, reloader } = await startWatching(t, { configFile: join(folder, "gateway.yaml") });
  for (let i = 0; i < 200; i++) {
    map.swap({ "gateway.yaml": gateway(`/swap/${i}`) });
    if (i % 3 === 0) reloader.reload();
    await sleep(1);
  }
  await becomes("/swap/199");
  t.diagnostic(`200 swaps, ${reloads.length} reloads`);
});

test("folders that hold none of the files any more are let go", async (t) => {
  const folder = newFolder(t);
  const map = mountConfigMap(folder, { "gateway.yaml": gateway("/start") });
  let opened = 0;
  let closed = 0;
  const open: OpenWatch = (...args) => {
    const watcher = watch(...args);
    opened++;
    return {
      on: watcher.on.bind(watcher),
      close: () => {
        watcher.close();
        closed++;
      },
    };
  };
  const { becomes, reloader } = await startWatching(
    t,
    { configFile: join(folder, "gateway.yaml") },
    { open },
  );
  for (let i = 0; i < 5; i++) {
    map.swap({ "gateway.yaml": gateway(`/swap/${i}`) });
    await becomes(`/swap/${i}`);
  }
  await waitFor("the folder of the link and that of the file", () => opened - closed === 2 || undefined);
  assert.ok(opened > 2);
  reloader.close();
  assert.equal(closed, opened);
});

test("what changes no content makes no reload", async (t) => {
  const folder = newFolder(t);
  const configFile = join(folder, "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  const { reloadsWhileQuiet, becomes } = await startWatching(t, { configFile }, { pollMs: 50 });
  const harmless = [
    () => utimesSync(configFile, new Date(), new Date()),
    () => writeFileSync(configFile, gateway("/start")),
    () => writeFileSync(join(folder, "floor"), "{}"),
    () => rmSync(join(folder, "floor")),
  ];
  for (const act of harmless) {
    act();
    assert.equal(await reloadsWhileQuiet(), 0, String(act));
  }
  writeFileSync(configFile, gateway("/changed"));
  await becomes("/changed");
});

test("a bad file is complained about once, however often it is looked at", async (t) => {
  const configFile = join(newFolder(t), "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  const { reloads, reloadsWhileQuiet, path } = await startWatching(t, { configFile }, { pollMs: 20 });
  for (const spoil of [() => writeFileSync(configFile, "routes: ["), () => rmSync(configFile)]) {
    const before = reloads.length;
    spoil();
    await waitFor("the complaint", () => reloads[before]);
    assert.equal(await reloadsWhileQuiet(), 0);
    assert.equal(reloads.at(-1)?.loaded.errors.length, 1);
    assert.equal(path(), "/start");
  }
});

test("a demanded reload runs although nothing changed, and is seen by no watch after it", async (t) => {
  const configFile = join(newFolder(t), "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  const { reloads, reloader, reloadsWhileQuiet } = await startWatching(t, { configFile });
  reloader.reload();
  await waitFor("the reload", () => reloads[0]);
  writeFileSync(configFile, gateway("/changed"));
  reloader.reload();
  await waitFor("the second", () => reloads[1]);
  assert.equal(await reloadsWhileQuiet(), 0);
  assert.deepEqual(
    reloads.map(({ cause, before, loaded }) => [cause, before === loaded.snapshot]),
    [
      ["signal", true],
      ["signal", false],
    ],
  );
});

test("a folder that is taken away and made anew is watched again", async (t) => {
  const folder = join(newFolder(t), "config");
  const configFile = join(folder, "gateway.yaml");
  mkdirSync(folder);
  writeFileSync(configFile, gateway("/start"));
  const { becomes, reloads } = await startWatching(t, { configFile }, { pollMs: 300 });
  rmSync(folder, { recursive: true });
  await waitFor("the complaint", () => reloads[0]?.loaded.errors[0]);
  mkdirSync(folder);
  writeFileSync(configFile, gateway("/again"));
  await becomes("/again");
  writeFileSync(configFile, gateway("/and/again"));
  await becomes("/and/again");
});

test("files are watched as gateway.yaml names them", async (t) => {
  const folder = newFolder(t);
  const lists = newFolder(t);
  const configFile = join(folder, "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  const { state } = await startWatching(t, { configFile });
  const version = () => state.snapshot().policy.trust.revocation?.list.version;
  const list = (number: number) => writeFileSync(join(lists, "list"), signList(root, { version: number }));
  list(1);
  writeFileSync(configFile, gateway("/start", `, revocation: {file: ${join(lists, "list")}}`));
  await waitFor("the first list", () => (version() === 1n ? true : undefined));
  list(2);
  await waitFor("the second", () => (version() === 2n ? true : undefined));
});

test("where nothing can be watched it is said once, and files are looked at now and then", async (t) => {
  const configFile = join(newFolder(t), "gateway.yaml");
  const trustedKeysFile = join(newFolder(t), "keys");
  writeFileSync(configFile, gateway("/start"));
  writeFileSync(trustedKeysFile, "");
  const open: OpenWatch = () => {
    throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
  };
  const sources = { configFile, trustedKeysFile };
  const { becomes, complaints } = await startWatching(t, sources, { pollMs: 30, open });
  for (const path of ["/one", "/two"]) {
    writeFileSync(configFile, gateway(path));
    await becomes(path);
  }
  assert.deepEqual(complaints, ["ENOSPC: no space left"]);
});

test("where a watch is silent, as on a network, files are looked at now and then", async (t) => {
  const folder = newFolder(t);
  const map = mountConfigMap(folder, { "gateway.yaml": gateway("/start") });
  const open: OpenWatch = () => ({ on: () => undefined as never, close: () => {} });
  const configFile = join(folder, "gateway.yaml");
  const { becomes, complaints } = await startWatching(t, { configFile }, { pollMs: 30, open });
  map.swap({ "gateway.yaml": gateway("/swapped") });
  await becomes("/swapped");
  assert.deepEqual(complaints, []);
});

test("a pipe, which can't be read twice, is read at the start alone", async (t) => {
  const keys = join(newFolder(t), "keys");
  const configFile = join(newFolder(t), "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  writeFileSync(keys, root.publicKey.hex);
  const sources = { configFile, trustedKeysFile: keys };
  const { reloadsWhileQuiet } = await startWatching(t, sources, { pollMs: 20 });
  rmSync(keys);
  execFileSync("mkfifo", [keys]);
  assert.equal(await reloadsWhileQuiet(), 0);
});

test("what can't be read twice stays as it was, and holds up neither other files nor later reloads", async (t) => {
  const keys = join(newFolder(t), "keys");
  const configFile = join(newFolder(t), "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  writeFileSync(keys, root.publicKey.hex);
  const sources = { configFile, trustedKeysFile: keys };
  const { reloads, becomes } = await startWatching(t, sources, { pollMs: 20 });
  const spoils = [() => execFileSync("mkfifo", [keys]), () => symlinkSync("/dev/zero", keys)];
  for (const [i, spoil] of spoils.entries()) {
    rmSync(keys);
    spoil();
    writeFileSync(configFile, gateway(`/beside/${i}`));
    await becomes(`/beside/${i}`);
    assert.deepEqual(
      reloads.at(-1)?.loaded.errors.map(({ message }) => message),
      [`${keys}: is not a file, and what else can be read is read at the start alone`],
    );
  }
});

test("a file without an end is an error, and is read no further than any file may be long", async (t) => {
  const keys = join(newFolder(t), "keys");
  const configFile = join(newFolder(t), "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  const sources = { configFile, trustedKeys: [], trustedKeysFile: "/dev/zero" };
  const tooLarge = `is larger than ${MAX_FILE_BYTES} bytes`;
  assert.deepEqual(messagesOf((await loadSnapshot(sources, new Date())).errors), [`/dev/zero: ${tooLarge}`]);

  writeFileSync(keys, root.publicKey.hex);
  const { reloads, reloadsWhileQuiet, becomes } = await startWatching(
    t,
    { configFile, trustedKeysFile: keys },
    { pollMs: 100 },
  );
  truncateSync(keys, 2 ** 40);
  const { loaded } = await waitFor("the complaint", () => reloads[0]);
  assert.deepEqual(messagesOf(loaded.errors), [`${keys}: ${tooLarge}`]);
  assert.equal(await reloadsWhileQuiet(), 0);
  writeFileSync(configFile, gateway("/beside"));
  await becomes("/beside");
});

test("a list that came too early is in force when its time has come, though its file is the same", async (t) => {
  const folder = newFolder(t);
  const [configFile, revocationList] = [join(folder, "gateway.yaml"), join(folder, "list")];
  writeFileSync(configFile, gateway("/start", ", clock_tolerance_secs: 0"));
  writeFileSync(revocationList, signList(root, { version: 1 }));
  const retries = { pollMs: 50, retryMs: 100 };
  const { state, reloads } = await startWatching(t, { configFile, revocationList }, retries);
  writeFileSync(revocationList, signList(root, { version: 2, issuedAt: rfc3339(unixNow() + 3) }));
  await waitFor("the refusal", () => reloads[0]?.loaded.errors[0]);
  const version = () => state.snapshot().policy.trust.revocation?.list.version;
  assert.equal(version(), 1n);
  await waitFor("the list in force", () => (version() === 2n ? true : undefined));
  assert.deepEqual(
    reloads.map(({ loaded }) => loaded.errors.length),
    [1, 0],
    "nothing is said of what was tried in vain",
  );
});

test("a closed one leaves nothing behind that reloads", async (t) => {
  const configFile = join(newFolder(t), "gateway.yaml");
  writeFileSync(configFile, gateway("/start"));
  const { reloader, reloadsWhileQuiet } = await startWatching(t, { configFile }, { pollMs: 20 });
  await sleep(QUIET_MS);
  writeFileSync(configFile, gateway("/changed"));
  reloader.close();
  assert.equal(await reloadsWhileQuiet(), 0);
});

test("watching doesn't keep a process alive", (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, "file"), "");
  const reloader = fileURLToPath(new URL("../../../../src/server/state/reloader.ts", import.meta.url));
  const script = `
    import { setTimeout } from "node:timers/promises";
    import { createReloader } from ${JSON.stringify(reloader)};
    const seen = () => new Map([[${JSON.stringify(join(folder, "file"))}, ""]]);
    const state = { seen, snapshot: () => {}, reload: async () => console.log("reloaded") };
    createReloader(state, { reloaded: () => {}, deaf: console.log });
    await setTimeout(500);`;
  const args = ["--input-type=module", "--eval", script];
  const output = execFileSync(process.execPath, args, { timeout: 60_000, encoding: "utf8" });
  assert.match(output, /reloaded/);
});
