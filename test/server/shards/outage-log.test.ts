import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutageLog } from "../../../server/shards/outage-log.ts";

test("each outage has its beginning, its end and its reason; a shard that stays down is down once", () => {
  let now = 1_000;
  const log = createOutageLog(() => now);
  log.note("up", null);
  assert.deepEqual(log.list(), [], "a shard that comes up for the first time was not lost");
  log.note("down", new Error("sqlite:a.db:\n  disk I/O error"));
  now = 2_000;
  log.note("down", new Error("another word of the same outage"));
  assert.deepEqual(log.list(), [{ from: 1_000, until: null, reason: "sqlite:a.db: disk I/O error" }]);
  now = 3_000;
  log.note("up", null);
  log.note("up", null);
  now = 4_000;
  log.note("down", new Error("x".repeat(1_000)));
  const [first, second] = log.list();
  assert.deepEqual(first, { from: 1_000, until: 3_000, reason: "sqlite:a.db: disk I/O error" });
  assert.equal(second?.from, 4_000);
  assert.equal(second.reason, `${"x".repeat(300)}…`);
});

test("of a shard that comes and goes the latest outages are kept", () => {
  let now = 0;
  const log = createOutageLog(() => (now += 1));
  for (let i = 0; i < 100; i += 1) {
    log.note("down", new Error(`${i}`));
    log.note("up", null);
  }
  assert.deepEqual(
    log.list().map(({ reason }) => Number(reason)),
    Array.from({ length: 20 }, (_, i) => 80 + i),
  );
});
