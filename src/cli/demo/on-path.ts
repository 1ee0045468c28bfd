import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first such program in these folders. @param path as the `PATH` names them */
export function onPath(program: string, path: string | undefined): string | undefined {
  const folders = (path ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
