import { readFileSync } from "node:fs";

/** The variables of the image, as the Dockerfile sets them; every program on Node is measured with these. */
export function imageVariables(
  dockerfile = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8"),
): Readonly<Record<string, string>> {
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  const assignments = Array.from(last.matchAll(/^ENV (.*)$/gm), ([, text = ""]) => text).join(" ");
  const pairs = Array.from(assignments.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g), ([, name, quoted, bare]) => [
    name,
    quoted ?? bare,
  ]);
  return Object.fromEntries(pairs);
}
