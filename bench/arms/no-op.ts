import { fileURLToPath } from "node:url";
import type { Start } from "./arm.ts";
import { imageVariables } from "./image-flags.ts";
import { launch } from "./launch.ts";

const SERVER = fileURLToPath(new URL("no-op-server.ts", import.meta.url));

export const startNoOp: Start = async (port, folder) => {
  const program = await launch(folder, port, process.execPath, [SERVER, String(port)], imageVariables());
  return { pid: program.pid, stop: program.stop };
};
