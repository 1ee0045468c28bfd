import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeResponse } from "../../../../src/server/check/response-codec.ts";
import { toHeaderText } from "../../../../src/server/explain.ts";
import { decodeResponse } from "../../../support/check-request.ts";

const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme", maxLength: 300 }));
const name = fc.stringMatching(/^[a-z-]{1,20}$/);
const headers = fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true });
const metadata = fc.dictionary(name, fc.oneof(text, fc.double({ noNaN: true }), fc.constant(undefined)), {
  noNullPrototype: true,
});
const verdict = fc.oneof(
  fc.record({
    verdict: fc.constant("ok" as const),
    ok: fc.record({ headers, headersToRemove: fc.array(name), responseHeaders: headers }),
  }),
  fc.record({
    verdict: fc.constant("denied" as const),
    denied: fc.record({
      code: fc.integer({ min: 1, max: 16 }),
      message: text,
      status: fc.integer({ min: 400, max: 599 }),
      headers,
      body: text,
    }),
  }),
);

const orNone = <Item>(items: readonly Item[]) => (items.length === 0 ? undefined : items);

function optionsOf(expected: Readonly<Record<string, string>>) {
  return orNone(
    Object.entries(expected).map(([key, value]) => ({
      header: { key, value: toHeaderText(value) },
      append: { value: false },
      appendAction: 2,
    })),
  );
}

const plain = (decoded: unknown): unknown => JSON.parse(JSON.stringify(decoded));

test("a random answer is what the generated decoder reads", () => {
  fc.assert(
    fc.property(fc.tuple(verdict, metadata), ([chosen, facts]) => {
      const { status, okResponse, deniedResponse, dynamicMetadata } = decodeResponse(
        encodeResponse({ ...chosen, metadata: facts }),
      );
      const read = dynamicMetadata?.fields ?? {};
      const known = Object.entries(facts).filter(([, value]) => value !== undefined);
      assert.deepEqual(
        new Map(Object.entries(read).map(([key, value]) => [key, value.stringValue ?? value.numberValue])),
        new Map(known.map(([key, value]) => [key, typeof value === "string" ? value.toWellFormed() : value])),
      );
      if (chosen.verdict === "ok") {
        const { headers, headersToRemove, responseHeaders } = chosen.ok;
        assert.deepEqual(plain(status), { code: 0 });
        assert.equal(deniedResponse, undefined);
        assert.deepEqual(
          plain(okResponse),
          plain({
            headers: optionsOf(headers),
            headersToRemove: orNone(headersToRemove),
            responseHeadersToAdd: optionsOf(responseHeaders),
          }),
        );
      } else {
        const { code, message, status: http, headers, body } = chosen.denied;
        assert.deepEqual(plain(status), {
          code,
          ...(message === "" ? {} : { message: message.toWellFormed() }),
        });
        assert.equal(okResponse, undefined);
        assert.deepEqual(
          plain(deniedResponse),
          plain({ status: { code: http }, headers: optionsOf(headers), body: body.toWellFormed() }),
        );
      }
    }),
  );
});
