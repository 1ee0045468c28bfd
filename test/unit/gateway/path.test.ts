import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { pathFault, pathOf, queryOf } from "../../../src/gateway/path.ts";

describe("a path has one reading", () => {
  const plain = [
    "/",
    "/a",
    "/a/",
    "/a/b.c",
    "/a/...",
    "/a/.b",
    "/a/b..",
    "/a%20b",
    "/a%C3%A9",
    "/a+b,c=d",
    "/*",
    "/{x}",
  ];
  for (const path of plain) {
    it(`${path} passes`, () => assert.equal(pathFault(path, false), undefined));
  }
});

describe("a path is refused", () => {
  const refused: Readonly<Record<string, string>> = {
    "without a leading slash": "a",
    "when empty": "",
    "in absolute form": "http://t/a",
    "as an asterisk": "*",
    "with an empty segment": "/a//b",
    "with an empty first segment": "//a",
    "with a dot segment": "/a/./b",
    "with a dot at the end": "/a/.",
    "with two dots inside": "/a/../b",
    "with two dots at the end": "/a/..",
    "with a backslash": "/a\\b",
    "with a semicolon": "/a;v=1",
    "with a hash": "/a#b",
    "with a space": "/a b",
    "with a tab": "/a\tb",
    "with a zero byte": "/a\0b",
    "with DEL": "/a\x7fb",
    "with a byte outside ASCII": "/caf\xc3\xa9",
    "with a character outside latin1": "/caf\u2603",
    "with a cut escape": "/a%2",
    "with a lone percent sign": "/a%",
    "with letters that aren't hexadecimal": "/a%zz",
    "with a signed escape": "/a%+1",
    "with an escaped letter": "/%41",
    "with an escaped digit": "/%30",
    "with an escaped dot": "/%2e%2e",
    "with an escaped tilde": "/%7E",
    "with an escaped slash": "/a%2Fb",
    "with an escaped slash in lower case": "/a%2fb",
    "with an escaped backslash": "/a%5Cb",
    "with an escaped percent sign": "/a%2541",
    "with an escaped semicolon": "/a%3Bb",
    "with an escaped question mark": "/a%3Fb",
    "with an escaped hash": "/a%23b",
    "with an escaped zero": "/a%00b",
    "with an escaped line end": "/a%0Ab",
    "with an escaped DEL": "/a%7Fb",
    "with escapes that aren't UTF-8": "/a%FF",
    "with an overlong escape": "/a%C0%AF",
    "with an escaped surrogate": "/a%ED%A0%80",
    "with half of a character": "/a%C3",
  };
  for (const [what, path] of Object.entries(refused)) {
    it(what, () => assert.notEqual(pathFault(path, false), undefined));
  }
});

describe("with path parameters allowed", () => {
  it("a semicolon passes", () => assert.equal(pathFault("/a;v=1/b;", true), undefined));

  for (const path of ["/..;/a", "/a/..;x/b", "/a/.;x", "/a/;x/b", "/;x", "/a/;"]) {
    it(`${path} stays refused, as a server that cuts parameters sees a dot or nothing`, () => {
      assert.notEqual(pathFault(path, true), undefined);
    });
  }

  it("an escaped semicolon stays refused", () => assert.notEqual(pathFault("/a%3Bb", true), undefined));
});

describe("a target", () => {
  it("ends its path at the first question mark", () => {
    assert.equal(pathOf("/a?b?c"), "/a");
    assert.equal(queryOf("/a?b?c"), "b?c");
  });

  it("may have no query", () => {
    assert.equal(pathOf("/a"), "/a");
    assert.equal(queryOf("/a"), "");
  });
});

it("a path that passes reads the same after one more decoding", () => {
  const piece = fc.constantFrom(
    "a",
    "/",
    ".",
    "%",
    "2",
    "e",
    "F",
    "C3",
    "A9",
    ";",
    "\\",
    "+",
    "#",
    "5C",
    "25",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const path = `/${pieces.join("")}`;
      if (pathFault(path, false) !== undefined) return;
      const once = decodeURIComponent(path);
      assert.equal(decodeURIComponent(once), once);
      assert.deepEqual(once.split("/").length, path.split("/").length);
      assert.equal(
        once.split("/").some((name) => name === "." || name === ".."),
        false,
      );
    }),
    { numRuns: 5000 },
  );
});
