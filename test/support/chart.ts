import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { missing } from "./missing.ts";

export const CHART = fileURLToPath(new URL("../../charts/tenuo-ext-authz", import.meta.url));
/** The oldest that Chart.yaml allows. */
const KUBE_VERSION = "1.27.0";

/** Values as a values file has them, or the path of one. */
export type Values = Readonly<Record<string, unknown>> | string;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

/** Arguments of helm for these values. The files are gone after the test. */
export function valuesArgs(t: TestContext, ...values: readonly Values[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-values-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return values.flatMap((each, i) => {
    if (typeof each === "string") return ["--values", each];
    const file = join(folder, `${i}.json`);
    writeFileSync(file, JSON.stringify(each));
    return ["--values", file];
  });
}

export interface RenderOptions {
  readonly values?: readonly Values[];
  /** Further ones of helm. */
  readonly args?: readonly string[];
}

/** For the `skip` of what only asks helm. @throws {Error} under `CI=true` instead */
export function noHelm(): string | false {
  try {
    execFileSync("helm", ["version"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return missing("what asks helm", error);
  }
}

/** What the chart makes of values. @throws {Error} with what helm printed, when it refuses them. */
export async function render(t: TestContext, { values = [], args = [] }: RenderOptions = {}) {
  const command = ["template", "tenuo", CHART, "--kube-version", KUBE_VERSION, ...valuesArgs(t, ...values)];
  const { stdout: text } = await promisify(execFile)("helm", [...command, ...args], { maxBuffer: 2 ** 24 });
  const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
  return { text, manifests: manifests.filter((manifest) => manifest !== null) };
}

/** @throws {Error} unless there is exactly one of this kind, and of this name if one is given. */
export function only(manifests: readonly Manifest[], kind: string, name?: RegExp): Manifest {
  const found = manifests.filter((each) => each.kind === kind && (name?.test(each.metadata.name) ?? true));
  const [one] = found;
  if (one === undefined || found.length > 1) throw new Error(`${found.length} manifests of kind ${kind}`);
  return one;
}

export function gatewayYaml(manifests: readonly Manifest[]): string {
  return only(manifests, "ConfigMap", /-config$/).data?.["gateway.yaml"] ?? "";
}
