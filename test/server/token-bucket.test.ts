import assert from "node:assert/strict";
import { test } from "node:test";
import { createTokenBucket } from "../../server/token-bucket.ts";

/** How many of `tries` are taken at the bucket's present time. */
function taken(bucket: { take(): boolean }, tries: number): number {
  return Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;
}

test("it starts full, fills at its rate, and never holds more than a second's worth", () => {
  let now = 0;
  const bucket = createTokenBucket(10, () => now);
  assert.equal(taken(bucket, 50), 10);
  now += 250;
  assert.equal(taken(bucket, 50), 2, "two and a half tokens");
  now += 50;
  assert.equal(taken(bucket, 50), 1, "the half was kept");
  now += 60_000;
  assert.equal(taken(bucket, 50), 10);
});

test("asking too often does not delay the next token", () => {
  let now = 0;
  const bucket = createTokenBucket(1, () => now);
  assert.equal(taken(bucket, 1), 1);
  let count = 0;
  for (now = 1; now <= 10_000; now++) count += taken(bucket, 1);
  assert.equal(count, 10);
});

test("to drain takes what is there, and tells when there was nothing", () => {
  const bucket = createTokenBucket(10, () => 0);
  assert.equal(bucket.drain(4), true);
  assert.equal(bucket.drain(100), true);
  assert.equal(bucket.drain(1), false);
  assert.equal(bucket.take(), false);
});
