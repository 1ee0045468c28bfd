import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { type LoadResult, loadGateway } from "../../../src/gateway/load.ts";
import { formatProblem } from "../../../src/gateway/problem.ts";
import { readVectors } from "../../conformance/vectors.ts";
import { call } from "../../unit/gateway/call.ts";
import { mutateBytes, words } from "../mutate.ts";
import { outcome, type Target } from "../target.ts";

const WORDS = [
  ...words(
    ": , - [ ] { } & * ! | > ' \" # % @ --- ... <<: ? ~ null true 012 0x1f 1e3 .inf 9999999999999999999",
  ),
  ...[
    "\n",
    "\n  ",
    "\n      ",
    "  ",
    "\t",
    "&a ",
    "*a",
    "!!str ",
    "? ",
    "|\n",
    "{a: &a [1], b: *a}",
    "\r",
    "\u0085",
    "\ufeff",
  ],
  ...words(
    'version: "2" settings: tools: routes: pattern: tool: constraints: extract: from: path: type: default: required: method:',
  ),
  ...words(
    "allowed_values: clearance: host: mode: enforce audit trusted_roots: body query header literal integer list {id} {*rest} *",
  ),
];

/** The text of a gateway.yaml, by a hand that slips. */
export const config: Target = {
  name: "config",
  maxBytes: 16_384,
  maxMilliseconds: 1000,
  seeds: () => {
    const own = readFileSync(new URL("../../e2e/gateway.yaml", import.meta.url), "utf8");
    const published = readVectors<readonly { readonly config?: string }[]>("extraction").flatMap(
      (vector) => vector.config ?? [],
    );
    return [own, ...new Set(published)].map((text) => Buffer.from(text));
  },
  mutate: (input, random, other) => mutateBytes(input, random, other, WORDS),
  run: (input) => {
    const text = Buffer.from(input).toString();
    const result = loadGateway(text, "gateway.yaml");
    const problems = result.ok ? result.warnings : result.errors;
    return outcome(problems.map(({ message }) => message).join("; "), () => {
      assertPlaces(result, text);
      if (!result.ok) return;
      const document = parseDocument(text, { logLevel: "silent", schema: "failsafe" });
      assert.deepEqual(document.errors, [], "the library refuses it");
      const { routes } = document.toJS({ maxAliasCount: -1 }) as { readonly routes?: unknown };
      const tools = new Set(Array.isArray(routes) ? routes.map(({ tool }) => String(tool)) : []);
      for (const target of ["/", "/a", "/a/b?q=1", "/clusters/x"]) {
        const outcome = call(result.gateway, { target, body: '{"a":1}', headers: JSON_BODY });
        if ("tool" in outcome) assert.ok(tools.has(outcome.tool), "a tool of no route");
      }
    });
  },
};

const JSON_BODY = [["content-type", "application/json"]] as const;

/** Each problem stands in the file, at a line and a column, and can be printed. */
function assertPlaces(result: LoadResult, text: string): void {
  const problems = result.ok ? result.warnings : result.errors;
  assert.ok(result.ok || problems.length > 0, "refused without an error");
  const lines = text.split("\n");
  for (const problem of problems) {
    const { line, column, message } = problem;
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
    assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `column ${column}`);
    assert.match(message, /^\P{Cc}+$/u);
    assert.equal(formatProblem(problem).split("\n").length, 3);
  }
}
