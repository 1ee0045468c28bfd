import assert from "node:assert/strict";
import { test } from "node:test";
import { verdict } from "./judge.ts";
import { rustVerdict } from "./rust.ts";

/** Finds each expression in the texts before the bar, and in none after it. */
function finds(
  sentence: string,
  cases: readonly (readonly [string, readonly string[], readonly string[]])[],
) {
  test(sentence, () => {
    for (const [expression, found, notFound] of cases) {
      for (const text of found) agree(expression, text, "match");
      for (const text of notFound) agree(expression, text, "no_match");
    }
  });
}

function refuses(sentence: string, expressions: readonly string[]) {
  test(sentence, () => {
    for (const expression of expressions) agree(expression, "a", "error");
  });
}

function agree(expression: string, text: string, wanted: "match" | "no_match" | "error"): void {
  const shown = `${JSON.stringify(expression)} in ${JSON.stringify(text)}`;
  assert.equal(verdict(expression, text), wanted, shown);
  assert.equal(rustVerdict(expression, text), wanted, `${shown}, in Rust`);
}

finds("it is searched for anywhere in the text", [
  ["", ["", "x"], []],
  ["b", ["b", "abc"], ["", "ac"]],
  ["a|bc", ["xa", "bcx"], ["b", "c"]],
  ["ab*c", ["ac", "xabbbcx"], ["abb"]],
]);

finds("without flags `^` and `$` are the ends of the text", [
  ["^a$", ["a"], ["a\n", "b\na", "a\r\n"]],
  ["$^", [""], ["a"]],
  ["\\Aa\\z", ["a"], ["a\n"]],
  ["^a|b", ["a", "xb"], ["xa"]],
  ["(?:^a|^b)c", ["ac", "bc"], ["xac"]],
]);

finds("with `m` they are the ends of lines, with `R` also at carriage returns", [
  ["(?m)^a$", ["a", "b\na\nc"], ["a\r\n", "ba"]],
  ["(?mR)^a$", ["a\r\n", "b\ra\rc"], ["ba"]],
  ["(?mR)\\r$", [], ["\r\n"]],
  ["(?mR)\\r^", ["\ra"], ["\r\n"]],
  ["(?R)a$", ["a"], ["a\r\n"]],
]);

finds("a dot is one code point, but no new line", [
  ["^.$", ["😀", "\r", "\u{2028}"], ["\n", "e\u{301}"]],
  ["(?s)^.$", ["\n"], [""]],
  ["(?R)^.$", ["a"], ["\r", "\n"]],
]);

finds("repetitions count", [
  ["^a{2}$", ["aa"], ["a", "aaa"]],
  ["^a{1,2}$", ["a", "aa"], ["", "aaa"]],
  ["^a{2,}$", ["aa", "aaaa"], ["a"]],
  ["^a{ 1 , 2 }$", ["aa"], ["aaa"]],
  ["^a{0}$", [""], ["a"]],
  ["^(?:a*)*b?$", ["", "aaab"], ["ba"]],
  ["^(?:|a)+$", ["", "aa"], ["b"]],
  ["^(?:a{2}){3}$", ["aaaaaa"], ["aaaaa"]],
  ["^a+?$", ["aa"], []],
  ["^a++$", ["aa"], [""]],
  ["^(?:\\b){1000000}a", ["a"], [" "]],
  ["^(?:(?:a{1000}){1000}){0}$", [""], ["a"]],
]);

finds("flags hold to the end of their group", [
  ["(?i)é", ["É"], ["e"]],
  ["(?i:a)b", ["Ab"], ["AB"]],
  ["(a(?i)b|c)d", ["aBd", "Cd"], ["Ab", "aBD"]],
  ["(?i)a(?-i)b", ["Ab"], ["aB"]],
  ["(?x) a b # c\n c", ["abc"], ["a b"]],
  ["(?x:a b) c", ["ab c"], ["abc"]],
  ["(?x)a\\ b[ c]", ["a bc"], ["a b "]],
  ["(?U)a+?", ["a"], [""]],
]);

finds("groups may have names, which say nothing", [
  ["(?P<n>a)(?<m.1[]>b)(?<é_>c)", ["abc"], ["ab"]],
  ["()*", [""], []],
]);

finds("classes hold characters, ranges and classes", [
  ["^[a-c]$", ["b"], ["-", "d"]],
  ["^[^a-c]$", ["d", "\n"], ["b"]],
  ["^[]a]$", ["]", "a"], ["b"]],
  ["^[^]a]$", ["b"], ["]"]],
  ["^[-a]$", ["-"], ["b"]],
  ["^[a-]$", ["-"], ["b"]],
  ["^[--a]$", ["-", "a"], ["b"]],
  ["^[[:alpha:]_]$", ["a", "_"], ["é", "1"]],
  ["^[[:^alpha:]]$", ["é", "1"], ["a"]],
  ["^[[:nope:]]$", ["n", ":"], ["a"]],
  ["^[x[^a-z]]$", ["x", "A"], ["a"]],
  ["^[.*$]$", [".", "*", "$"], ["a"]],
  ["^[\\d\\-\\]]$", ["7", "-", "]"], ["a"]],
]);

finds("classes are combined from left to right", [
  ["^[a-z&&[^b]]$", ["a"], ["b"]],
  ["^[a-z--b]$", ["a"], ["b"]],
  ["^[a-c~~b-d]$", ["a", "d"], ["b", "c"]],
  ["^[a-z--b&&b-c]$", ["c"], ["a", "b"]],
  ["[a&&b]", [], ["a", "b"]],
  ["^[^a-z&&b]$", ["a", "1"], ["b"]],
]);

finds("classes of letters, digits and blanks are Unicode's unless `u` is off", [
  ["^\\d$", ["1", "١"], ["½"]],
  ["^\\w$", ["é", "_", "\u{301}", "\u{200d}"], ["-"]],
  ["^\\s$", ["\u{a0}", "\u{b}", "\u{2028}"], ["\u{200b}"]],
  ["^\\D\\W\\S$", ["a-b"], ["1-b"]],
  ["(?-u:^\\w$)", ["a"], ["é"]],
  ["(?-u)^\\d\\s$", ["1\u{b}"], ["١ "]],
  ["(?-u:^é$)", ["é"], ["e"]],
]);

finds("properties go by any spelling of their names", [
  ["^\\pL\\p{Lu}\\PN$", ["éAa"], ["éa1"]],
  ["^\\p{Greek}\\p{isgreek}\\p{ G r-e_ek}$", ["σσσ"], ["s"]],
  ["^\\p{sc=Grek}\\p{Script:Greek}\\p{sc!=Greek}$", ["σσs"], ["σσσ"]],
  ["^\\p{gc=Nd}\\p{White_Space}\\p{any}$", ["1 x"], ["a x"]],
  ["^[\\p{Greek}&&\\p{Lu}]$", ["Σ"], ["σ"]],
  ["\\p{Old Persian}", ["𐎠"], ["a"]],
]);

finds("escapes stand for characters", [
  ["^\\x41\\x{42}\\u0043\\u{44}\\U00000045$", ["ABCDE"], []],
  ["^\\a\\f\\t\\n\\r\\v$", ["\u{7}\f\t\n\r\v"], []],
  ["^\\.\\*\\-\\/\\ \\&\\~\\#\\]$", [".*-/ &~#]"], []],
  ["^]}$", ["]}"], []],
]);

finds("word boundaries", [
  ["\\bé\\b", ["é", "-é-"], ["aé"]],
  ["(?-u:\\b)a", ["éa"], ["ba"]],
  ["a\\Bb", ["ab"], ["a-b"]],
  ["\\<a\\>", ["a", " a "], ["ab"]],
  ["\\b{start}a\\b{end}", ["a"], ["ab"]],
  ["\\b{start-half}-\\b{end-half}", ["-"], ["a-", "-a"]],
  ["\\b", ["a"], ["", "-"]],
  ["^\\b{2}a", ["a"], ["-"]],
]);

finds("case is ignored as simple folding has it, before negation", [
  ["^(?i)k$", ["K", "\u{212a}"], []],
  ["^(?i)[^k]$", ["a"], ["K", "\u{212a}"]],
  ["^(?i)[^\\p{Lu}]$", ["1"], ["a", "A"]],
  ["^(?i)\\P{Lu}$", ["1"], ["a", "A"]],
  ["^(?i)ß$", ["ẞ"], ["ss"]],
  ["^(?i)i$", ["I"], ["İ", "ı"]],
  ["^(?i)[a-z&&[^K]]$", ["a"], ["k", "K"]],
  ["^(?i-u)k$", ["K"], ["\u{212a}"]],
  ["^(?i)[[:lower:]]$", ["A", "ſ"], ["1"]],
]);

refuses("look-around, back references and atomic groups", [
  "(?=a)",
  "(?!a)",
  "(?<=a)",
  "(?<!a)",
  "(a)\\1",
  "(?P=n)",
  "(?>a)",
]);

refuses("escapes that mean nothing", ["\\Z", "\\Q", "\\E", "\\cA", "\\h", "\\e", "\\y", "\\é", "\\", "\\0"]);

refuses("repetitions of nothing, and counts that are none", [
  "*",
  "a|+",
  "(?i)*",
  "(*)",
  "{",
  "a{",
  "a{2",
  "a{,2}",
  "a{2,1}",
  "a{x}",
  "a{4294967296}",
]);

refuses("groups and flags that aren't", [
  "(",
  ")",
  "(?",
  "(?)",
  "(?i",
  "(?-)",
  "(?ii)",
  "(?i-i)",
  "(?i--s)",
  "(?z)",
  "(?P<>a)",
  "(?P<1>a)",
  "(?P<n>a)(?<n>b)",
  "(?<n",
]);

refuses("classes that don't close, and ranges between more than characters", [
  "[",
  "[]",
  "[^]",
  "[a",
  "[[:alpha:]",
  "[z-a]",
  "[\\d-x]",
  "[a-\\d]",
  "[\\b]",
  "[\\<]",
]);

refuses("numbers that are no character, and names that are no property", [
  "\\x4",
  "\\xg0",
  "\\x{}",
  "\\x{110000}",
  "\\u{d800}",
  "\\p",
  "\\p{",
  "\\p{}",
  "\\p{Nope}",
  "\\p{^Greek}",
  "\\p{Script}",
  "\\p{Cs}",
  "\\p{sc=L}",
  "\\p{isc}",
]);

refuses("without Unicode, whatever isn't a whole character", [
  "(?-u:\\xff)",
  "(?-u:.)",
  "(?-u:\\W)",
  "(?-u:[^a])",
  "(?-u:[é])",
  "(?-u:\\pL)",
  "(?-u:[[:^alpha:]])",
]);

test("what is nested deeper than in Rust is refused, at the same depth", () => {
  for (const [open, close] of [
    ["(", ")"],
    ["[", "]"],
    ["(b", ")"],
    ["(b|c", ")"],
    ["[b", "]"],
    ["[b&&", "]"],
    ["", "*"],
    ["", "{1}"],
  ] as const) {
    const nested = [60, 80, 100, 120, 130, 249, 250, 251].map(
      (levels) => `${open.repeat(levels)}a${close.repeat(levels)}`,
    );
    for (const expression of [...nested, ...nested.map((each) => `b${each}`)]) {
      assert.equal(verdict(expression, ""), rustVerdict(expression, ""), expression);
    }
  }
});

test("a name that changed between versions of Unicode, or that the platform lacks, is refused", () => {
  for (const name of [
    "Diacritic",
    "ExtPict",
    "Pattern_Syntax",
    "CWCM",
    "scx=Grek",
    "Age=6.0",
    "wb=ALetter",
  ]) {
    assert.equal(verdict(`\\p{${name}}`, "a"), "error", name);
    assert.notEqual(rustVerdict(`\\p{${name}}`, "a"), "error", name);
  }
});

test("an expression that is too long, or whose program would be too large, is refused", () => {
  assert.equal(verdict("a".repeat(19_000), "a".repeat(19_000)), "match");
  assert.equal(verdict(`a${" ".repeat(20_000)}`, "a"), "error");
  assert.equal(verdict("\\w{300}", "é".repeat(300)), "match");
  assert.equal(verdict("\\w{500}{50}", "a"), "error");
  assert.equal(verdict("a{1001}{1001}", "a"), "error");
  assert.equal(verdict("a{4294967295}", "a"), "error");
  assert.equal(verdict("^.{0,5000}$", "a".repeat(5000)), "match");
});
