import { readFileSync } from "node:fs";

/** Of the package this file belongs to, both from src/ and from dist/. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
).version;
