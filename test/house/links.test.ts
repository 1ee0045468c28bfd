import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { anchorOf } from "../../scripts/markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = globSync("{*.md,{bench,charts,docs,envoy,envoy-gateway,monitoring,quickstart}/**/*.md}", {
  cwd: root,
});

interface Link {
  readonly page: string;
  readonly target: string;
}

test("every relative link of a page leads to a file, and to a heading where it names one", () => {
  const links = pages.flatMap(linksOf);
  assert.ok(links.length > 50);
  assert.deepEqual(links.filter(isDead), []);
});

test("no page is beyond reach from the README", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    // It names what changed, not where to read on.
    if (page === "CHANGELOG.md") continue;
    for (const { target } of linksOf(page)) {
      const [file] = placeOf(page, target);
      if (file.endsWith(".md") && existsSync(join(root, file))) reached.add(file);
    }
  }
  assert.deepEqual(
    pages.filter((page) => !reached.has(page)),
    [],
  );
});

function linksOf(page: string): Link[] {
  return Array.from(proseOf(page).matchAll(/\]\((?<target>[^)\s]+)\)/g), ({ groups }) => ({
    page,
    target: groups?.["target"] ?? "",
  })).filter(({ target }) => !/^[a-z]+:/.test(target));
}

function isDead({ page, target }: Link): boolean {
  const [file, anchor] = placeOf(page, target);
  if (!existsSync(join(root, file))) return true;
  return anchor !== undefined && !anchorsOf(file).has(anchor);
}

function placeOf(page: string, target: string): readonly [file: string, anchor?: string] {
  const [path = "", anchor] = target.split("#", 2);
  const file = path === "" ? page : normalize(join(dirname(page), path));
  return anchor === undefined ? [file] : [file, anchor];
}

/** Of a page: its headings, each further one of the same text with a number, and `<a id>`. */
function anchorsOf(file: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const text = proseOf(file);
  for (const [, heading = ""] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = anchorOf(heading);
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  for (const [, id = ""] of text.matchAll(/<a id="([^"]+)">/g)) anchors.add(id);
  return anchors;
}

/** Without blocks of code, in which nothing is a heading or a link. */
function proseOf(file: string): string {
  return readFileSync(join(root, file), "utf8").replace(/^( *)(`{3,})[^\n]*\n.*?^\1\2$/gms, "");
}
