import fc from "fast-check";

/** Regular expressions that are mostly valid, made of every construct of the dialect. */
export function expressions(): fc.Arbitrary<string> {
  const { expression } = fc.letrec<{ expression: string; term: string; class: string; member: string }>(
    (tie) => ({
      expression: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        { weight: 6, arbitrary: fc.array(tie("term"), { maxLength: 4 }).map((terms) => terms.join("")) },
        { weight: 1, arbitrary: join(tie("expression"), fc.constant("|"), tie("expression")) },
      ),
      term: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        { weight: 12, arbitrary: fc.oneof(character, escapes, look, fc.constant(".")) },
        { weight: 4, arbitrary: tie("class") },
        { weight: 3, arbitrary: join(fc.oneof(tie("term"), character), quantifier) },
        { weight: 3, arbitrary: join(opening, tie("expression"), fc.constant(")")) },
        { weight: 1, arbitrary: fc.constantFrom(...FLAGS.map((flags) => `(?${flags})`)) },
      ),
      class: join(
        fc.constantFrom("[", "[", "[^", "[]", "[-", "[^]", "[ "),
        fc.array(tie("member"), { minLength: 1, maxLength: 4 }).map((members) => members.join("")),
        fc.constant("]"),
      ),
      member: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        { weight: 4, arbitrary: character },
        { weight: 2, arbitrary: escapes },
        { weight: 3, arbitrary: fc.constantFrom(...RANGES) },
        { weight: 2, arbitrary: fc.constantFrom("&&", "--", "~~", "-", "&", "~", " ", "#\n") },
        { weight: 1, arbitrary: fc.constantFrom(...ASCII_CLASSES) },
        { weight: 2, arbitrary: tie("class") },
      ),
    }),
  );
  return expression;
}

/** Pieces of the dialect in any order: mostly invalid, each for another reason. */
export function soups(): fc.Arbitrary<string> {
  return fc
    .array(fc.oneof(fc.constantFrom(...PIECES), character, escapes, quantifier, opening), { maxLength: 9 })
    .map((pieces) => pieces.join(""));
}

/** Short texts of the characters the expressions are made of. */
export function texts(): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 8 }).map((chars) => chars.join(""));
}

const CHARACTERS = Array.from(
  "aabbckKsSiIzZ019_-. \t\n\r#&~]\u{b}\u{85}\u{a0}éÉßẞſKıİǅµΣσςᾳ١中😀\u{301}\u{200d}\u{2028}\u{10ffff}",
);
const FLAGS = ["i", "m", "s", "x", "U", "R", "u", "-u", "i-u", "mR", "-i", "im-sx", "sR", "x-i", "-mR"];
const RANGES = [
  "a-z",
  "A-Z",
  "0-9",
  "a-",
  "k-s",
  "é-ß",
  "ß-é",
  "\\x00-\\x7f",
  "!-~",
  "\\u{100}-\\u{10ffff}",
  "Α-Ω",
  "a - c",
  "\\d-x",
  "+--",
  "[-a",
];
const ASCII_CLASSES = [
  "alnum",
  "alpha",
  "ascii",
  "blank",
  "cntrl",
  "digit",
  "graph",
  "lower",
  "print",
  "punct",
  "space",
  "upper",
  "word",
  "xdigit",
  "nope",
].flatMap((name) => [`[:${name}:]`, `[:^${name}:]`]);
const PROPERTIES = [
  "Greek",
  "L",
  "lu",
  "Ll",
  "isGreek",
  "sc=Grek",
  "gc:Nd",
  "sc!=Latn",
  "White_Space",
  "alpha beta",
  "any",
  "ASCII",
  "Emoji",
  "Script=Han",
  "LC",
  "x",
  "upper",
  "cased",
  "M",
];
const ESCAPES = [
  "d",
  "D",
  "s",
  "S",
  "w",
  "W",
  "pL",
  "PL",
  "pN",
  "n",
  "r",
  "t",
  "x41",
  "x6b",
  "xe9",
  "x{212a}",
  "u00e9",
  "u{1F600}",
  "U0001F600",
  "x{d800}",
  "a",
  "f",
  "v",
  ".",
  "[",
  "]",
  "-",
  "/",
  " ",
  "#",
  "&",
  "~",
  "e",
  "é",
  "1",
  "Z",
  "G",
  "%",
  "u{ 6b}",
];
const LOOKS = [
  "^",
  "$",
  "\\A",
  "\\z",
  "\\b",
  "\\B",
  "\\<",
  "\\>",
  "\\b{start}",
  "\\b{end}",
  "\\b{start-half}",
  "\\b{end-half}",
  "\\b{nope}",
  "\\b{2}",
];
const QUANTIFIERS = [
  "*",
  "+",
  "?",
  "*?",
  "+?",
  "??",
  "{2}",
  "{1,3}",
  "{0,2}?",
  "{2,}",
  "{0}",
  "{,2}",
  "{3,1}",
  "{ 1 , 2 }",
  "{",
  "{a}",
  "++",
  "{0,0}",
];
const OPENINGS = [
  "(",
  "(?:",
  "(?P<n>",
  "(?<m.1>",
  "(?<é_>",
  ...FLAGS.map((flags) => `(?${flags}:`),
  "(?=",
  "(?<1>",
  "(?>",
  "( ",
];
const PIECES = [
  "(",
  ")",
  "(?",
  "?",
  ":",
  "|",
  "[",
  "]",
  "[^",
  "&&",
  "--",
  "~~",
  "-",
  "^",
  "$",
  "\\",
  "\\b",
  "{",
  "}",
  ",",
  "1",
  "<",
  ">",
  "P",
  "i",
  "x",
  "(?x)",
  "(?i)",
  "(?-u)",
  " ",
  "#",
  "\n",
  "[:alpha:]",
  "[:",
  ":]",
  "\\p",
  "\\x",
  "\\p{",
  "L",
  "=",
  "!",
  "start}",
  "\\u",
];

const character = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...CHARACTERS.filter((char) => !".#".includes(char))) },
  { weight: 1, arbitrary: fc.constantFrom("#", "# x\n", "}", ",") },
);
const escapes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ESCAPES.map((name) => `\\${name}`)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...PROPERTIES.flatMap((name) => [`\\p{${name}}`, `\\P{${name}}`])),
  },
);
const look = fc.constantFrom(...LOOKS);
const quantifier = fc.constantFrom(...QUANTIFIERS);
const opening = fc.constantFrom(...OPENINGS);

function join(...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((strings) => strings.join(""));
}
