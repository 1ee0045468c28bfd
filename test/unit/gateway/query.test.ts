import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { argumentsOf, assertRefused, call, fileOf, gatewayOf } from "./call.ts";

const file = fileOf("q: {from: query, path: q}");
const gateway = gatewayOf(file);

describe("a query value", () => {
  const read: readonly (readonly [target: string, value: string | undefined])[] = [
    ["/t?q=a", "a"],
    ["/t?a=1&q=a&b=2", "a"],
    ["/t?&&q=a&", "a"],
    ["/t?q=a=b", "a=b"],
    ["/t?q", ""],
    ["/t?q=", ""],
    ["/t?q=a+b%2Bc", "a b+c"],
    ["/t?%71=a", "a"],
    ["/t?q=%C3%A9", "é"],
    ["/t?q=%00", "\0"],
    ["/t?qq=a&x[q]=b&[q]=c", undefined],
    ["/t?q%20=a", undefined],
    ["/t", undefined],
    ["/t?", undefined],
  ];
  for (const [target, value] of read) {
    it(`of ${target} is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(argumentsOf(file, { target }), value === undefined ? {} : { q: value });
    });
  }

  const refused: Readonly<Record<string, string>> = {
    "when its key is sent twice": "/t?q=a&q=a",
    "when its key is sent twice, once escaped": "/t?q=a&%71=b",
    "when its key is sent twice, once without a value": "/t?q&q=b",
    "when its key is sent in other letters": "/t?Q=a",
    "when its key is sent in other letters, too": "/t?q=a&%51=b",
    "when its key is sent as that of a list, too": "/t?q=a&q[]=b",
    "when its key is sent as that of a list, escaped": "/t?q%5B%5D=b",
    "when its key is sent as that of a map, in other letters": "/t?Q[a]=b",
    "when a semicolon may separate pairs": "/t?a=1;q=2",
    "when a semicolon stands in it": "/t?q=1;r=2",
    "when a fragment may cut it": "/t?q=1#2",
    "with a bad escape": "/t?q=%zz",
    "with a cut escape": "/t?q=%4",
    "with escapes that aren't UTF-8": "/t?q=%FF",
    "with a raw byte outside ASCII": "/t?q=caf\xe9",
    "with a raw space": "/t?q=a b",
    "when another key doesn't decode, which may be a spelling of it": "/t?%C1%B1=a",
  };
  for (const [what, target] of Object.entries(refused)) {
    it(`is refused ${what}`, () => assertRefused(call(gateway, { target }), "ambiguous_request"));
  }

  it("of a key with brackets has names beside it, but none below it", () => {
    const nested = fileOf('k: {from: query, path: "f[k]"}, s: {from: query, path: s}');
    assert.deepEqual(argumentsOf(nested, { target: "/t?f[k]=a&f[j]=b&f=c" }), { k: "a" });
    for (const key of ["f[k][]", "F[k]", "f[K]", "%C5%BF"]) {
      assertRefused(
        call(gatewayOf(nested), { target: `/t?${key}=a` }),
        "ambiguous_request",
        /may be read as/,
      );
    }
  });

  it("is read where both spellings of its key have a rule", () => {
    const both = fileOf("a: {from: query, path: q}, b: {from: query, path: Q}");
    assert.deepEqual(argumentsOf(both, { target: "/t?q=1&Q=2" }), { a: "1", b: "2" });
  });

  it("of other keys may be anything", () => {
    assert.deepEqual(argumentsOf(file, { target: "/t?q=a&r=%zz&r=caf\xe9" }), { q: "a" });
  });

  it("is refused with `!` where bytes may have been replaced", () => {
    assertRefused(
      call(gateway, { target: "/t?q=a!", exact: false }),
      "ambiguous_request",
      /encode_raw_headers/,
    );
    assert.deepEqual(argumentsOf(file, { target: "/t?q=a!" }), { q: "a!" });
    assert.deepEqual(argumentsOf(file, { target: "/t?q=a%21", exact: false }), { q: "a!" });
  });

  it("is refused beside a key that is the same but for bytes that some readers drop", () => {
    for (const query of ["q=a&q!=b", "q=a&!Q=b", "!q!=b"]) {
      assertRefused(
        call(gateway, { target: `/t?${query}`, exact: false }),
        "ambiguous_request",
        /may be read/,
      );
    }
    assert.deepEqual(argumentsOf(file, { target: "/t?q=a&r!=b", exact: false }), { q: "a" });
    assert.deepEqual(argumentsOf(file, { target: "/t?q=a&q!=b" }), { q: "a" });
  });
});

describe("a method in the query", () => {
  it("is refused, as some frameworks act on it", () => {
    for (const query of [
      "_method=PUT",
      "q=a&%5Fmethod=PUT",
      "_METHOD",
      "_method[]=PUT",
      "_%4de%54h%6F%64%5b]",
    ]) {
      assertRefused(call(gateway, { target: `/t?${query}` }), "ambiguous_request", /_method/);
      assertRefused(call(gatewayOf(fileOf("")), { target: `/t?${query}` }), "ambiguous_request", /_method/);
    }
    assert.deepEqual(argumentsOf(file, { target: "/t?q=_method&method=PUT&_methods=a&x_method=b" }), {
      q: "_method",
    });
  });

  it("passes as an argument, which is judged", () => {
    assert.deepEqual(argumentsOf(fileOf("m: {from: query, path: _method}"), { target: "/t?_method=PUT" }), {
      m: "PUT",
    });
  });
});
