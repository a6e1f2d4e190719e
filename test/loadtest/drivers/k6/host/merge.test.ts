import assert from "node:assert/strict";
import { test } from "node:test";
import type { COUNTERS } from "../../../../../loadtest/measurement/metric-names.ts";
import { createMerge, type K6Counters } from "../../../../../loadtest/drivers/k6/host/merge.ts";
import { eachFailure } from "../../../../../loadtest/measurement/failed-messages.ts";
import type { DeliveryBalance } from "../../../../../loadtest/measurement/delivery-balance.ts";
import {
  createTally,
  shardTally,
  type LastWords,
  type Line,
  type Tally,
} from "../../../../../loadtest/drivers/k6/script/tally.ts";

function line(vu: number, second: number, fill: (tally: Tally) => void, last?: LastWords): Line {
  const tally = createTally(second);
  fill(tally);
  return { hotshard: 1, vu, startAt: 1_000, tally, ...(last && { last }) };
}

function lastWords(...rows: DeliveryBalance["rows"]): LastWords {
  return { gaps: [], balance: { widthMs: 1_000, rows }, absences: [] };
}

function oneAck(label: string, deliveryMs: number, hot = false): (tally: Tally) => void {
  return (tally) => {
    tally.planned += 1;
    tally.sent += 1;
    tally.delivered += 1;
    const shard = shardTally(tally, label);
    shard.acked += 1;
    shard.sum += 7;
    shard.bytes += 64;
    (hot ? shard.hot : shard.innocent).push(deliveryMs * 1000);
    shard.service.push(deliveryMs * 1000);
    shard.commit.push(1000);
  };
}

test("what the VUs printed is added up by shard and by second", () => {
  const merge = createMerge(["00", "01"], 2);
  merge.add(line(1, 0, oneAck("00", 5)));
  merge.add(line(2, 0, oneAck("00", 50, true)));
  merge.add(line(1, 2, oneAck("01", 9), lastWords([7, 0, 1])));
  merge.add(line(2, 1, (tally) => (tally.errors["OVERLOADED"] = 2)));
  const failed = ["NO_ANSWER", 1_500, 1, 2, 3] as const;
  merge.add(
    line(2, 2, (tally) => ((tally.unknown = 1), tally.failed.push([...failed])), lastWords([7, 0, -1], [8, 1, 2])),
  );
  const merged = merge.finish(null, 0);
  assert.deepEqual([merged.sent, merged.delivered, merged.unknown], [3, 3, 1]);
  assert.deepEqual(merged.errors, { OVERLOADED: 2 });
  const unknown = [{ code: "NO_ANSWER", at: 1_500, author: 1, to: 2, seq: 3 }];
  assert.deepEqual([...eachFailure(merged.failed)], unknown);
  assert.deepEqual(merged.balance, { widthMs: 1_000, rows: [[8, 1, 2]] });
  const first = merged.shards["00"]!;
  assert.deepEqual([first.acked, first.sum, first.bytes], [2, 14, 128]);
  assert.deepEqual([first.delivery.count, first.innocent.count, first.delivery.max], [2, 1, 50]);
  assert.deepEqual(
    merged.slices.map(({ second, shard, acked }) => [second, shard, acked]),
    [0, 1, 2].flatMap((second) => [
      [second, "00", second === 0 ? 2 : 0],
      [second, "01", second === 2 ? 1 : 0],
    ]),
  );
  assert.equal(merged.slices[0]?.deliveryMs?.p99, 50);
});

test("a line that was lost shows as counters that contradict each other", () => {
  const merge = createMerge(["00"], 1);
  merge.add(line(1, 0, oneAck("00", 5), lastWords()));
  const names = [
    "planned",
    "sent",
    "acked",
    "refused",
    "unknown",
    "notConnected",
    "hotOffered",
    "delivered",
    "offline",
  ] as const;
  const zero = Object.fromEntries(names.map((name) => [name, 0])) as Record<keyof typeof COUNTERS, number>;
  const counters: K6Counters = { ...zero, duplicated: 0, reordered: 0, planned: 2, sent: 2, acked: 2, delivered: 2 };
  const merged = merge.finish(counters, 0);
  assert.equal(merged.sent, 2);
  assert.equal(merged.shards["00"]?.acked, 1);
});
