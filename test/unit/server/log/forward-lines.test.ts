import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { forwardLines } from "../../../../src/server/log/forward-lines.ts";
import { waitFor } from "../../../support/wait.ts";

/** Notes what it is given, and has enough where it is told so. */
class Output extends EventEmitter {
  readonly writes: string[] = [];
  readonly events = this;
  hasEnough = false;

  write(lines: string): boolean {
    this.writes.push(lines);
    return !this.hasEnough;
  }
}

test("lines are written whole and in order, however they come in pieces", async () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => `${text.replaceAll("\n", "")}\n`);
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(9)), async (lines, sizes) => {
      const from = new PassThrough();
      const output = new Output();
      forwardLines(from, output);
      let bytes = Buffer.from(lines.join(""));
      for (const size of [...sizes, bytes.length]) {
        from.write(bytes.subarray(0, size));
        bytes = bytes.subarray(size);
      }
      from.end();
      await new Promise((done) => from.once("end", done));
      assert.equal(output.writes.join(""), lines.join(""));
      for (const write of output.writes) assert.equal(write.at(-1), "\n");
    }),
  );
});

test("a line that its process didn't finish is left out", async () => {
  const from = new PassThrough();
  const output = new Output();
  forwardLines(from, output);
  from.end("whole\ncut of");
  await new Promise((done) => from.once("end", done));
  assert.deepEqual(output.writes, ["whole\n"]);
});

test("while the output has enough, nothing is read", async () => {
  const from = new PassThrough();
  const output = new Output();
  forwardLines(from, output);
  output.hasEnough = true;
  from.write("first\n");
  await new Promise(setImmediate);
  assert.equal(from.isPaused(), true);
  output.hasEnough = false;
  output.emit("drain");
  from.end("second\n");
  await new Promise((done) => from.once("end", done));
  assert.deepEqual(output.writes, ["first\n", "second\n"]);
});

test("an output that never says that it can take more again is tried again", async () => {
  const from = new PassThrough();
  const output = new Output();
  output.hasEnough = true;
  forwardLines(from, output);
  from.write("first\n");
  await waitFor("a pause", () => from.isPaused() || undefined);
  from.write("second\n");
  await waitFor("the second", () => output.writes.includes("second\n") || undefined);
});
