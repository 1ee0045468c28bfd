import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Locked {
  readonly version: string;
  readonly integrity: string;
  readonly dev?: true;
}

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly unknown[];
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

test("the bill of materials names every production package with its version, its hash and a licence, and no other", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sbom-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "sbom.json");
  execFileSync(process.execPath, [join(root, "scripts/sbom.ts"), path], { stdio: "ignore" });
  const bom = read(path) as {
    readonly bomFormat: string;
    readonly metadata: { readonly component: Component };
    readonly components: readonly Component[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  };
  const manifest = read(join(root, "package.json")) as {
    readonly name: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const { packages } = read(join(root, "package-lock.json")) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };

  assert.equal(bom.bomFormat, "CycloneDX");
  assert.equal(bom.metadata.component.name, manifest.name);
  const expected = Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && dev === undefined)
    .map(([path, { version, integrity }]) => {
      const name = path.replace(/^.*node_modules\//, "");
      const [algorithm = "", digest = ""] = integrity.split(/-(.*)/s);
      assert.equal(algorithm, "sha512");
      return `${name}@${version} ${Buffer.from(digest, "base64").toString("hex")}`;
    });
  const named = bom.components.map(
    ({ name, version, hashes }) =>
      `${name}@${version} ${hashes.find(({ alg }) => alg === "SHA-512")?.content}`,
  );
  assert.deepEqual(named.toSorted(), [...new Set(expected)].toSorted());
  for (const component of bom.components) {
    assert.ok(component.licenses.length > 0, `${component.name} has no licence`);
    assert.match(component.purl, /^pkg:npm\//);
  }

  const refs = new Set(bom.components.map((component) => component["bom-ref"]));
  const direct = bom.dependencies.find(({ ref }) => ref === bom.metadata.component["bom-ref"])?.dependsOn;
  const pinned = Object.entries(manifest.dependencies).map(([name, version]) => `${name}@${version}`);
  assert.deepEqual(direct?.toSorted(), pinned.toSorted());
  const reached = new Set<string>();
  const reach = (ref: string): void => {
    if (reached.has(ref)) return;
    reached.add(ref);
    for (const next of bom.dependencies.find((entry) => entry.ref === ref)?.dependsOn ?? []) reach(next);
  };
  for (const ref of direct ?? []) reach(ref);
  assert.deepEqual([...reached].toSorted(), [...refs].toSorted());
});

test("every dependency is pinned to one version", () => {
  const { dependencies, devDependencies } = read(join(root, "package.json")) as Readonly<
    Record<"dependencies" | "devDependencies", Readonly<Record<string, string>>>
  >;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is ${version}`);
  }
});
