import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_TRACE_STATE_CHARS, readTraceParent } from "../../../src/server/trace-parent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function read(traceparent: string | readonly string[], tracestate?: string | readonly string[]) {
  return readTraceParent([traceparent].flat(), tracestate === undefined ? undefined : [tracestate].flat());
}

test("a parent is the trace, the span and whether it is sampled", () => {
  const parent = { traceId: TRACE, spanId: SPAN, state: undefined };
  assert.deepEqual(read(`00-${TRACE}-${SPAN}-01`), { ...parent, isSampled: true });
  assert.deepEqual(read(`00-${TRACE}-${SPAN}-00`), { ...parent, isSampled: false });
});

test("of the flags only the first bit tells of sampling", () => {
  for (const [flags, isSampled] of [
    ["02", false],
    ["03", true],
    ["fe", false],
    ["ff", true],
  ] as const)
    assert.equal(read(`00-${TRACE}-${SPAN}-${flags}`)?.isSampled, isSampled, flags);
});

test("a later version is read as far as it is known, whatever follows", () => {
  for (const rest of ["", "-", "-more", "-more-and-more"])
    assert.equal(read(`01-${TRACE}-${SPAN}-01${rest}`)?.spanId, SPAN, rest);
});

test("what isn't a traceparent names no parent", () => {
  const others = [
    "",
    "x".repeat(55),
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN.toUpperCase()}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01-`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-0g`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`,
    `01-${TRACE}-${SPAN}-01-more,01-${TRACE}-${SPAN}-01`,
    `01-${TRACE}-${SPAN}-01more`,
    `01-${TRACE}-${SPAN}-01-${"m".repeat(10_000)}`,
  ];
  for (const text of others) assert.equal(read(text), undefined, text);
  assert.equal(readTraceParent(), undefined);
});

test("two parents are none", () => {
  const line = `00-${TRACE}-${SPAN}-01`;
  assert.equal(read([line, line]), undefined);
});

test("the lines of a tracestate are one list, and one that is too long is dropped alone", () => {
  const line = `00-${TRACE}-${SPAN}-01`;
  assert.equal(read(line, ["a=1", "b=2"])?.state, "a=1,b=2");
  const longest = `a=${"x".repeat(MAX_TRACE_STATE_CHARS - 2)}`;
  assert.equal(read(line, longest)?.state, longest);
  assert.deepEqual(read(line, `${longest}x`), { ...read(line), state: undefined });
  assert.equal(read(line, [""])?.state, undefined);
  assert.equal(read("garbage", "a=1"), undefined);
});

test("nothing a client sends makes it throw or say more than hex digits", () => {
  const line = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `01-${TRACE}-${SPAN}-01${rest}`),
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 2 }),
      fc.array(fc.string(), { maxLength: 2 }),
      (parents, states) => {
        const parent = read(parents, states);
        if (parent === undefined) return;
        assert.match(parent.traceId, /^[0-9a-f]{32}$/);
        assert.match(parent.spanId, /^[0-9a-f]{16}$/);
      },
    ),
  );
});
