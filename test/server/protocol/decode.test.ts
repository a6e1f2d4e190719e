import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decode, encodeError, isMessageId } from "../../../server/protocol/decode.ts";
import { ERRORS } from "../../../server/protocol/errors.ts";
import { LIMITS, type ClientFrame } from "../../../server/protocol/frames.ts";

const USER = 1;

const text = fc.string({ minLength: 1, maxLength: 50, unit: "grapheme" });
const id = fc.string({ minLength: 1, maxLength: LIMITS.id, unit: "grapheme-ascii" });
const peer = fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const traceparent = fc.stringMatching(/^00-[\da-f]{31}1-1[\da-f]{15}-[\da-f]{2}$/);

const good: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({ type: fc.constant("send" as const), id, to: peer, text, resend: optional(fc.boolean()) }),
  fc.record({ type: fc.constant("send" as const), id, to: peer, text, traceparent: optional(traceparent) }),
  fc.record({ type: fc.constant("send" as const), id, group: peer, text }),
  fc.record({
    type: fc.constant("history" as const),
    id,
    with: peer,
    before: optional(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String)),
    limit: optional(fc.integer({ min: 1, max: LIMITS.page })),
  }),
  fc.record({ type: fc.constant("ping" as const), id }),
);

/** A field of a good frame replaced by something that its type never allows. */
const bad = fc
  .record({
    frame: good,
    at: fc.nat(),
    value: fc.constantFrom(null, 0, -1, 1.5, "", {}, [], "x".repeat(5_000), "\ud800"),
  })
  .map(({ frame, at, value }) => {
    const fields = Object.keys(frame).filter((field) => frame[field as keyof ClientFrame] !== undefined);
    return Object.assign({}, frame, { [fields[at % fields.length]!]: value });
  });

test("never throws and answers with frames or a reason, whatever comes", () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.array(fc.oneof(good, bad, fc.jsonValue())).map((frames) => JSON.stringify(frames)),
    fc.jsonValue().map((value) => JSON.stringify({ type: "send", id: "1", to: value, text: value })),
  );
  fc.assert(
    fc.property(anything, fc.constantFrom(null, USER), (message, user) => {
      const decoded = decode(message, user);
      if ("rejected" in decoded) {
        assert.ok(Object.hasOwn(ERRORS, decoded.rejected.code));
        assert.ok(decoded.rejected.message.length > 0);
        assert.equal(typeof JSON.parse(encodeError(decoded.rejected.code, decoded.rejected.message)), "object");
      } else assert.ok(decoded.frames.length >= 1 && decoded.frames.length <= LIMITS.frames);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

test("good frames come through as they are, in order, whatever other fields they have", () => {
  fc.assert(
    fc.property(fc.array(good, { minLength: 1, maxLength: 20 }), (frames) => {
      const extended = frames.map((frame) => ({ ...frame, later: { version: 2 } }));
      const wire = JSON.parse(JSON.stringify(extended)) as ClientFrame[];
      assert.deepEqual(decode(JSON.stringify(extended), USER), { frames: wire });
      assert.deepEqual(decode(JSON.stringify(extended[0]), USER), { frames: wire.slice(0, 1) });
    }),
    { numRuns: 300, seed: 2 },
  );
});

test("one bad frame, wherever it is, and none is applied", () => {
  fc.assert(
    fc.property(fc.array(good, { maxLength: 10 }), bad, fc.nat({ max: 10 }), (frames, culprit, at) => {
      const mixed = frames.toSpliced(at, 0, culprit as ClientFrame);
      const decoded = decode(JSON.stringify(mixed), USER);
      assert.ok("rejected" in decoded, JSON.stringify(culprit));
      assert.equal(decoded.rejected.code, "BAD_FRAME");
      const place = mixed.indexOf(culprit) + 1;
      assert.match(decoded.rejected.message, new RegExp(`^frame ${place} of ${mixed.length}: .*; none was applied$`));
    }),
    { numRuns: 500, seed: 3 },
  );
});

test("limits are inclusive", () => {
  const send = { type: "send", id: "i".repeat(LIMITS.id), to: Number.MAX_SAFE_INTEGER, text: "t".repeat(LIMITS.text) };
  assert.ok("frames" in decode(JSON.stringify(Array.from({ length: LIMITS.frames }, () => send)), USER));
  const history = { type: "history", id: "1", with: 2, before: "9223372036854775807", limit: LIMITS.page };
  assert.ok("frames" in decode(JSON.stringify(history), USER));
  // Before hello nobody is "oneself" yet.
  assert.ok("frames" in decode(JSON.stringify({ ...send, to: 1 }), null));
});

test("a message id is the decimal text of 0 to 2^63 − 1, written in one way", () => {
  for (const value of ["0", "1", "999999999999999999", "9223372036854775807"]) assert.ok(isMessageId(value), value);
  for (const value of [
    "",
    "00",
    "01",
    "-1",
    "+1",
    "1.0",
    " 1",
    "1e3",
    "9223372036854775808",
    "10000000000000000000",
    1,
  ]) {
    assert.ok(!isMessageId(value), String(value));
  }
});

const takes = (traceparent: unknown) =>
  "frames" in decode(JSON.stringify({ type: "send", id: "1", to: 2, text: "x", traceparent }), USER);

test("a traceparent is that of W3C Trace Context, version 00, written in one way", () => {
  const [trace, parent] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  for (const flags of ["00", "01", "ff"]) assert.ok(takes(`00-${trace}-${parent}-${flags}`), flags);
  for (const value of [
    `01-${trace}-${parent}-01`,
    `ff-${trace}-${parent}-01`,
    `00-${trace.toUpperCase()}-${parent}-01`,
    `00-${"0".repeat(32)}-${parent}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace}-${parent}-01-`,
    `00-${trace}-${parent}-01\n`,
    `00-${trace}-${parent}`,
    [`00-${trace}-${parent}-01`],
  ]) {
    assert.ok(!takes(value), String(value));
  }
});

test("an error frame carries what the table says", () => {
  assert.deepEqual(JSON.parse(encodeError("OVERLOADED", 'say "when"', "x")), {
    type: "error",
    id: "x",
    code: "OVERLOADED",
    retryable: true,
    message: 'say "when"',
  });
  assert.ok(!("id" in (JSON.parse(encodeError("BAD_FRAME", "no")) as object)));
});
