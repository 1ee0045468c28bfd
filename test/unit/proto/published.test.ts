import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { missing } from "../../support/missing.ts";
import { python } from "../../support/python.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
const npmCopies = join(root, "node_modules/@grpc/grpc-js-xds/deps");

/** Message to field to `number type label kind`, enum to name to number. */
type Definitions = Record<string, Record<string, string>>;

const ours = definitions([join(root, "proto")]);
const npm = definitions(
  ["envoy-api", "googleapis", "xds", "protoc-gen-validate"].map((folder) => join(npmCopies, folder)),
);
const pypi = await publishedOnPypi();

describe("our definitions of the wire", () => {
  it("hold the messages a check consists of", () => {
    for (const name of ["CheckRequest", "CheckResponse", "AttributeContext.HttpRequest", "OkHttpResponse"])
      assert.ok(`envoy.service.auth.v3.${name}` in ours, name);
  });

  for (const [name, members] of Object.entries(ours)) {
    it(`give ${name} the numbers and types of the npm copy`, () => {
      assert.deepEqual(members, pick(npm[name], members));
    });
    it(`give ${name} the numbers and types of the PyPI copy`, { skip: pypi.skip }, () => {
      assert.deepEqual(members, pick(pypi.definitions[name], members));
    });
  }
});

function pick(published: Record<string, string> | undefined, members: Record<string, string>) {
  assert.ok(published, "published under this name");
  return Object.fromEntries(Object.keys(members).map((name) => [name, published[name]]));
}

async function publishedOnPypi(): Promise<{ definitions: Definitions; skip: string | false }> {
  try {
    const { stdout } = await promisify(execFile)(await python(), [join(here, "descriptors.py")]);
    return { definitions: JSON.parse(stdout), skip: false };
  } catch (error) {
    return { definitions: {}, skip: missing("comparison with the descriptors published on PyPI", error) };
  }
}

interface Descriptor {
  readonly name: string;
  readonly field?: readonly {
    readonly name: string;
    readonly number: number;
    readonly type: string;
    readonly label: string;
    readonly typeName: string;
  }[];
  readonly value?: readonly { readonly name: string; readonly number: number }[];
  readonly nestedType?: readonly Descriptor[];
  readonly enumType?: readonly Descriptor[];
}

function definitions(includeDirs: string[]): Definitions {
  const loaded: PackageDefinition = loadSync("envoy/service/auth/v3/external_auth.proto", {
    includeDirs,
    keepCase: true,
  });
  const found: Definitions = {};
  const visit = (prefix: string, descriptor: Descriptor): void => {
    const name = prefix + descriptor.name;
    if (descriptor.value)
      found[name] = Object.fromEntries(descriptor.value.map((value) => [value.name, String(value.number)]));
    if (descriptor.field) {
      found[name] = Object.fromEntries(
        descriptor.field.map((field) => {
          return [
            field.name,
            `${field.number} ${field.type} ${field.label} ${kind(descriptor, field.typeName)}`.trim(),
          ];
        }),
      );
    }
    for (const inner of [...(descriptor.nestedType ?? []), ...(descriptor.enumType ?? [])])
      if (!isMapEntry(inner)) visit(`${name}.`, inner);
  };
  for (const [name, definition] of Object.entries(loaded)) {
    if (!("type" in definition) || name.startsWith("google.protobuf.")) continue;
    const descriptor = definition.type as Descriptor;
    visit(name.slice(0, -descriptor.name.length), descriptor);
  }
  return found;
}

function kind(owner: Descriptor, typeName: string): string {
  const entry = owner.nestedType?.find((inner) => inner.name === typeName && isMapEntry(inner));
  if (entry) return `map ${entry.field?.map((field) => field.type).join(" ")}`;
  return typeName.split(".").at(-1) ?? "";
}

function isMapEntry(descriptor: Descriptor): boolean {
  return (descriptor as { options?: { mapEntry?: boolean } }).options?.mapEntry === true;
}
