import assert from "node:assert/strict";
import { test } from "node:test";
import { createComplaints } from "../../../../src/server/trace/trace-complaints.ts";

function complaints() {
  let now = 0;
  const lines: unknown[] = [];
  const log = { warn: (...line: unknown[]) => void lines.push(line) };
  return {
    ...createComplaints(log, () => now),
    lines,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const line = (text: string, lost: number) => [
  "trace_export_failed",
  `spans can't be sent: ${text}`,
  { spans_lost: lost },
];

test("the first failure is told at once, and those of the next minute together", () => {
  const { complain, pass, lines } = complaints();
  complain("refused", 3);
  assert.deepEqual(lines, [line("refused", 3)]);
  for (let i = 0; i < 100; i++) complain("refused", 2);
  pass(59_999);
  complain("still refused", 1);
  assert.equal(lines.length, 1);
  pass(1);
  complain("still refused");
  assert.deepEqual(lines.slice(1), [line("still refused", 201)]);
});

test("the end tells what hasn't been told, and nothing twice", () => {
  const { complain, end, lines } = complaints();
  end();
  complain("a", 1);
  complain("b", 2);
  end();
  end();
  assert.deepEqual(lines, [line("a", 1), line("b", 2)]);
});

test("an error that comes as JSON is told by its message, and a long one is cut", () => {
  for (const [text, shown] of [
    [JSON.stringify({ stack: "Error: Timeout\n at x", message: "Timeout" }), "Timeout"],
    ["{not JSON", "{not JSON"],
    ['{"message":1}', '{"message":1}'],
  ] as const) {
    const { complain, lines } = complaints();
    complain(text);
    assert.deepEqual(lines, [line(shown, 0)]);
  }
  const { complain, lines } = complaints();
  complain("x".repeat(100_000));
  assert.ok(JSON.stringify(lines).length < 10_000);
});
