import { readFileSync } from "node:fs";

/** The smallest container that is documented. */
const CONTAINER_MIB = 128;

/**
 * The variables of the image, as the Dockerfile sets them; every program on Node is measured with these. A part of the memory
 * is that of a small container, not of this machine.
 */
export function imageVariables(
  dockerfile = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8"),
): Readonly<Record<string, string>> {
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM ")).replaceAll("\\\n", " ");
  const assignments = Array.from(last.matchAll(/^ENV (.*)$/gm), ([, text = ""]) => text).join(" ");
  const pairs = Array.from(assignments.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g), ([, name, quoted, bare]) => [
    name,
    (quoted ?? bare)?.replace(
      /--max-old-space-size-percentage=(\d+)/,
      (_, percent) => `--max-old-space-size=${Math.floor((CONTAINER_MIB * Number(percent)) / 100)}`,
    ),
  ]);
  return Object.fromEntries(pairs);
}
