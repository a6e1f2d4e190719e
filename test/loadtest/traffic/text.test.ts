import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createRandom } from "../../../loadtest/stats/random.ts";
import { createTextWriter, phaseAt, readText, TEXT_LENGTH, type Stamp } from "../../../loadtest/traffic/text.ts";

const microseconds = fc.integer({ min: 0, max: 2e15 }).map((us) => us / 1000);
const stamps = fc
  .tuple(fc.integer({ min: 1, max: 1e9 }), fc.nat(), microseconds, fc.integer({ min: -5_000, max: 1e9 }), fc.boolean())
  .map(([seq, settled, intended, delay, warm]) => ({
    seq,
    settled: Math.min(settled, seq - 1),
    intended,
    sent: (Math.round(intended * 1000) + delay) / 1000,
    phase: warm ? "warmup" : "measure",
  })) satisfies fc.Arbitrary<Stamp>;

test("what is written is read back, and needs no escape in JSON", () => {
  const write = createTextWriter(createRandom(1, 2));
  fc.assert(
    fc.property(stamps, (stamp) => {
      const text = write(stamp);
      assert.deepEqual(readText(text), stamp);
      assert.equal(JSON.stringify(text), `"${text}"`);
      assert.equal(Buffer.byteLength(text), text.length);
      assert.ok(text.length >= TEXT_LENGTH.min && text.length <= TEXT_LENGTH.max, text);
    }),
  );
});

function texts(seed: number): string[] {
  const write = createTextWriter(createRandom(seed, 2));
  const stamp = { seq: 1, settled: 0, intended: 1, sent: 1, phase: "measure" } as const;
  return Array.from({ length: 2_000 }, () => write(stamp));
}

test("lengths spread over the whole range, the same for the same seed", () => {
  assert.deepEqual(texts(5), texts(5));
  assert.notDeepEqual(texts(5), texts(6));
  const seen = new Set(texts(5).map((text) => text.length));
  assert.equal(seen.size, TEXT_LENGTH.max - TEXT_LENGTH.min + 1);
});

test("foreign texts are null, never an exception", () => {
  const near = [
    "hs1",
    "hs1 ",
    "hs1 1 0 5 5 m",
    "hs1 0 0 5 5 m x",
    "hs1 1 1 5 5 m x",
    "hs1 1 -1 5 5 m x",
    "hs1 1 0 5 5 d x",
    "hs1 1 0 5.5 5 m x",
    "hs1 1 0 9e99 5 m x",
    "hs1 a b c d m x",
    "hs12 1 0 5 5 m x",
    " hs1 1 0 5 5 m x",
  ];
  for (const text of near) assert.equal(readText(text), null, text);
  assert.notEqual(readText("hs1 1 0 5 5 m x"), null);
  fc.assert(fc.property(fc.string(), (text) => readText(text) === null));
});

test("the warm-up ends where the measured phase begins", () => {
  assert.equal(phaseAt(1_999.999, 2), "warmup");
  assert.equal(phaseAt(2_000, 2), "measure");
  assert.equal(phaseAt(0, 0), "measure");
});
