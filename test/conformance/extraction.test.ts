import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadGateway } from "../../src/gateway/load.ts";
import { formatProblem } from "../../src/gateway/problem.ts";
import { isRefusal } from "../../src/gateway/refusal.ts";
import type { Value } from "../../src/value.ts";
import { call } from "../unit/gateway/call.ts";
import { asBytes, type Sent } from "../unit/gateway/request.ts";
import { readVectors } from "./vectors.ts";

type Typed = Readonly<Record<string, unknown>>;

interface Case {
  readonly name: string;
  readonly config: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string | null;
  } | null;
  readonly want: {
    readonly tool?: string;
    readonly typed?: Readonly<Record<string, Typed>>;
    readonly config_ok?: true;
    readonly error?: { readonly config?: true; readonly status?: number; readonly error?: string };
  };
}

/** `loads`, `load error`, the reason of a refusal, or the typed arguments. */
type Outcome = string | ReadonlyMap<string, Value>;

interface Difference {
  readonly outcome: Outcome;
  readonly cases: readonly string[];
}

/** Where we differ on purpose in both versions; each name is a heading of docs/compatibility.md. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "Paths with two readings are refused": {
    outcome: "ambiguous_request",
    cases: [
      "path-param-encoded-slash-stays-one-segment",
      "path-param-semicolon-kept",
      "path-param-dotdot-kept",
      "path-param-encoded-dotdot-kept",
      "path-double-slash-no-match",
      "path-absolute-form-target",
      "path-param-non-ascii-raw",
      "catch-all-keeps-dotdot",
      "catch-all-keeps-double-slash",
      "catch-all-leading-slash",
    ],
  },
  "Methods compare exactly": { outcome: "no_route", cases: ["method-lower-case-in-request"] },
  "Queries with two readings are refused": {
    outcome: "ambiguous_request",
    cases: [
      "query-duplicate-last-wins",
      "query-bracket-key-literal",
      "query-semicolon-not-separator",
      "query-invalid-utf8-replaced",
      "query-bad-percent-kept",
    ],
  },
  "Headers with two readings are refused": {
    outcome: "ambiguous_request",
    cases: ["header-duplicate-last-wins", "header-non-ascii-treated-as-missing"],
  },
  "Numbers that can't be kept are refused": {
    outcome: "body_unreadable",
    cases: [
      "body-above-i64-becomes-string",
      "body-u64-max-becomes-string",
      "body-above-u64-becomes-float",
      "body-below-i64-becomes-float",
      "body-float-out-of-range-kills-whole-body",
    ],
  },
  "Members given twice are refused": {
    outcome: "ambiguous_request",
    cases: [
      "body-duplicate-key-last-wins",
      "body-duplicate-key-escaped-last-wins",
      "body-duplicate-object-replaced-not-merged",
    ],
  },
  "A body that isn't JSON is refused": {
    outcome: "body_unreadable",
    cases: [
      "body-lone-surrogate-kills-body",
      "body-not-json-optional",
      "body-not-json-required",
      "body-not-json-default",
      "body-trailing-garbage-kills-body",
      "body-two-documents-kill-body",
      "body-bom-kills-body",
      "body-comment-kills-body",
      "body-trailing-comma-kills-body",
      "body-single-quotes-kill-body",
      "body-nan-kills-body",
      "body-leading-zero-number-kills-body",
      "body-raw-control-char-kills-body",
      "body-truncated-kills-body",
      "body-depth-128-kills-body",
    ],
  },
  "A body must say that it is JSON": {
    outcome: "body_unreadable",
    cases: [
      "body-content-type-not-checked",
      "body-form-encoded-not-parsed",
      "body-json-rpc-arguments",
      "body-json-rpc-batch-is-an-array",
      "unmapped-inputs-are-invisible",
      "default-object",
      "default-null-means-none",
      "default-not-type-converted",
      "first-missing-required-of-one",
      "error-lists-available-body-paths",
      "error-lists-available-body-paths-depth-3",
    ],
  },
  "Names given twice don't load": {
    outcome: "load error",
    cases: ["yaml-duplicate-tool-constraint-last-wins", "config/yaml-duplicate-tool"],
  },
  "Patterns that can't match don't load": {
    outcome: "load error",
    cases: [
      "pattern-with-query-never-matches",
      "pattern-without-leading-slash-never-matches",
      "route-asterisk-options",
      "config/route-ok-no-leading-slash",
      "config/route-ok-empty-pattern",
    ],
  },
  "Settings that can't work don't load": {
    outcome: "load error",
    cases: [
      "literal-above-i64",
      "config/version-unknown-value-accepted",
      "config/settings-clock-u64max",
      "config/settings-header-empty",
      "config/settings-header-invalid-chars",
    ],
  },
  "Aliases and optional keys load": {
    outcome: "loads",
    cases: [
      "config/unknown-settings-key-trusted_issuers",
      "config/unknown-settings-key-mode",
      "config/tool-missing-description",
      "config/tool-missing-constraints",
      "config/tool-extract-key",
      "config/route-path_prefix",
      "config/route-method-scalar",
      "config/rule-literal-missing-path",
      "config/yaml-bom",
    ],
  },
  "One pattern can have a route for each method": {
    outcome: "loads",
    cases: ["config/route-duplicate-pattern-different-methods"],
  },
};

/** What version 1 adds to these. */
const IN_VERSION_1: Readonly<Record<string, Difference>> = {
  ...DIFFERENCES,
  "Path parameters of version 1 can't hold escapes": {
    outcome: "ambiguous_request",
    cases: ["path-param-not-percent-decoded", "path-param-non-ascii-encoded"],
  },
};

const args = (...entries: readonly (readonly [string, Value])[]): Outcome => new Map(entries);

/** What version 2 adds: one case each, as the outcomes differ. Later entries replace earlier ones. */
const IN_VERSION_2: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ["path-param-not-percent-decoded", args(["id", "a b"])],
  ["path-param-non-ascii-encoded", args(["id", "café"])],
  ["query-number-stays-string", args(["q", 5n])],
  ["query-bool-stays-string", args(["q", true])],
  ["query-float-stays-string", args(["q", 1.5])],
  ["header-number-stays-string", args(["h", 5n])],
  ["query-allowed-values-not-enforced", "extraction_failed"],
  ["body-allowed-values-not-enforced", "extraction_failed"],
  ["body-type-integer-does-not-convert-string", "extraction_failed"],
  ["body-type-string-does-not-convert-integer", "extraction_failed"],
  ["body-type-float-does-not-convert-integer", "extraction_failed"],
  ["query-key-case-sensitive", "ambiguous_request"],
  ["body-key-case-sensitive", "ambiguous_request"],
  ["query-list-stays-string", "load error"],
  ["body-type-unknown-name-accepted", "load error"],
  ["default-not-type-converted", "body_unreadable"],
  ["config/rule-type-non-string", "load error"],
  ["config/rule-type-unknown", "load error"],
  ["literal-null-is-missing", "load error"],
  ["literal-tilde-is-missing", "load error"],
  ["literal-without-default-missing", "load error"],
  ["literal-without-default-required", "load error"],
  ["literal-path-text-is-not-used", "load error"],
  ["error-literal", "load error"],
  ["path-rule-unknown-param-required", "load error"],
  ["error-path-param", "load error"],
  ["same-param-name-twice", "load error"],
]);

const cases = readVectors<readonly Case[]>("extraction");
const byName = new Map(cases.map((entry) => [entry.name, entry]));

describe("published outcomes of gateway.yaml, version 1", () => {
  const differences = outcomes(IN_VERSION_1);
  for (const entry of cases) {
    const different = differences.get(entry.name);
    it(different === undefined ? entry.name : `${entry.name} (differs on purpose)`, () => {
      const outcome = outcomeOf(entry, entry.config);
      assert.deepEqual(outcome, different ?? wanted(entry));
      if (different !== undefined) assert.notDeepEqual(outcome, wanted(entry), "no longer a difference");
    });
  }
});

describe("the same files as version 2", () => {
  const differences = new Map([...outcomes(DIFFERENCES), ...IN_VERSION_2]);
  for (const entry of cases) {
    // Files about the version itself say nothing about version 2.
    if (!entry.config.includes('version: "1"')) continue;
    it(entry.name, () => {
      const outcome = outcomeOf(entry, entry.config.replace('version: "1"', 'version: "2"'));
      assert.deepEqual(outcome, differences.get(entry.name) ?? wanted(entry));
    });
  }
});

describe("bodies without a media type, where the operator takes them", () => {
  const names = DIFFERENCES["A body must say that it is JSON"]?.cases ?? [];
  for (const name of names) {
    const entry = caseNamed(name);
    if (entry.request?.headers.some(([header]) => header.toLowerCase() === "content-type")) continue;
    it(name, () => {
      const config = entry.config.replace("settings: {}", "settings: {body_media_types: [none]}");
      assert.deepEqual(outcomeOf(entry, config), wanted(entry));
    });
  }
});

describe("the lists of differences", () => {
  it("name cases that exist", () => {
    for (const name of [...outcomes(IN_VERSION_1).keys(), ...IN_VERSION_2.keys()]) caseNamed(name);
  });

  it("are all told to users", () => {
    const told = readFileSync(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
    for (const heading of Object.keys(IN_VERSION_1)) {
      assert.ok(told.includes(`### ${heading}\n`), `docs/compatibility.md lacks \`${heading}\``);
    }
  });
});

function outcomes(differences: Readonly<Record<string, Difference>>): Map<string, Outcome> {
  return new Map(
    Object.values(differences).flatMap(({ outcome, cases }) => cases.map((name) => [name, outcome] as const)),
  );
}

function caseNamed(name: string): Case {
  const entry = byName.get(name);
  assert.ok(entry !== undefined, `no case is named ${name}`);
  return entry;
}

function wanted({ request, want }: Case): Outcome {
  if (want.typed !== undefined) {
    return new Map(Object.entries(want.typed).map(([name, typed]) => [name, typedValue(typed)]));
  }
  if (want.config_ok) return "loads";
  if (request === null || want.error?.config) return "load error";
  // The answer to a HEAD request has no body that could name the error.
  return want.error?.error ?? (want.error?.status === 404 ? "no_route" : "unknown");
}

function typedValue(typed: Typed): Value {
  const [[kind, content] = []] = Object.entries(typed);
  if (kind === "integer") return BigInt(content as string);
  if (kind === "float") return Number(content);
  if (kind === "list") return (content as Typed[]).map(typedValue);
  if (kind === "object") {
    return new Map(
      Object.entries(content as Record<string, Typed>).map(([name, value]) => [name, typedValue(value)]),
    );
  }
  return content as string | boolean | null;
}

function outcomeOf(entry: Case, config: string): Outcome {
  const result = loadGateway(config, "gateway.yaml");
  if (!result.ok) {
    for (const problem of result.errors)
      assert.match(formatProblem(problem), /^gateway\.yaml:\d+:\d+: [^A-Z]/);
    return "load error";
  }
  if (entry.request === null) return "loads";
  const { method, path, headers, body } = entry.request;
  const sent: Sent = {
    method,
    target: asBytes(path),
    headers: headers.map(([name, value]) => [name, asBytes(value)] as const),
    ...(body !== null && { body }),
  };
  const outcome = call(result.gateway, sent);
  if (isRefusal(outcome)) return outcome.refused;
  if (entry.want.tool !== undefined) assert.equal(outcome.tool, entry.want.tool);
  return outcome.args;
}
