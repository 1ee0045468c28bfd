import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A mounted ConfigMap or Secret, swapped as the kubelet does it. */
export interface ConfigMap {
  /** The whole next version; a file that isn't in it goes away. */
  readonly swap: (files: Files) => void;
}

/** Lays out `folder/name → ..data/name` and `..data → ..<version>`. */
export function mountConfigMap(folder: string, first: Files): ConfigMap {
  let version = 0;
  const linked = new Set<string>();
  const data = join(folder, "..data");
  const current = () => join(folder, readlinkSync(data));
  const swap = (files: Files): void => {
    const name = `..2026_11_21_${String(version++).padStart(9, "0")}`;
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content);
    const old = version === 1 ? undefined : current();
    symlinkSync(name, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), data);
    for (const file of Object.keys(files)) {
      if (!linked.has(file)) symlinkSync(join("..data", file), join(folder, file));
      linked.add(file);
    }
    if (old !== undefined) rmSync(old, { recursive: true });
  };
  swap(first);
  return { swap };
}
