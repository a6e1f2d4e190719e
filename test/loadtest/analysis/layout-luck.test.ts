import assert from "node:assert/strict";
import { test } from "node:test";
import { layoutLuck, movedLuck } from "../../../loadtest/analysis/layout-luck.ts";
import { createMinuteGroups } from "../../../loadtest/analysis/minute-groups.ts";
import { worstMinute, resample, type PlacedMinute } from "../../../loadtest/analysis/minutes.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import { createRandom } from "../../../loadtest/traffic/random.ts";

const KEYS = [{ weight: 1, dialogs: 200_000 }];

/** Max/mean of random layouts that others measured, in two digits; and the exact mean where there is one. */
const MEASURED: [placement: string, shards: number, ratio: number, digits: number, mean?: number][] = [
  ["jump", 8, 1.01, 2],
  ["rendezvous", 8, 1.02, 2],
  ["slots", 8, 1.01, 2],
  ["ring", 8, 1.1, 2],
  ["ring:virtualNodes=20", 8, 1.34, 2],
  // The largest of N spacings of a circle is H(N)/N on average (Holst 1980).
  ["ring:virtualNodes=1", 8, 2.69, 2, 1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 1 / 6 + 1 / 7 + 1 / 8],
  ["ring:virtualNodes=1", 4, 2.08, 2, 1 + 1 / 2 + 1 / 3 + 1 / 4],
];

for (const [placement, shards, ratio, digits, mean] of MEASURED) {
  test(`${placement} on ${shards} shards: ${ratio} lies in the range over layouts`, () => {
    const luck = layoutLuck({ placement, shards }, KEYS);
    const rounding = 0.5 * 10 ** -digits;
    assert.ok(luck.low <= ratio + rounding && ratio - rounding <= luck.high, JSON.stringify(luck));
    assert.ok(luck.low <= luck.mean && luck.mean <= luck.high);
    if (mean !== undefined) assert.ok(Math.abs(luck.mean - mean) < 0.05, `${luck.mean}, exactly ${mean}`);
  });
}

test("the share of the keys that move from 4 to 5 shards", () => {
  for (const [placement, share] of [
    ["modulo", 0.8],
    ["ring", 0.23],
    ["slots", 0.2],
    ["jump", 0.2],
    ["rendezvous", 0.2],
    ["time-bucket", 0.2],
  ] as const) {
    const { low, high } = movedLuck({ placement, shards: 4 }, { placement, shards: 5 }, 200_000);
    assert.ok(low <= share + 0.005 && share - 0.005 <= high, `${placement}: ${low} to ${high}`);
  }
  const even = { placement: "slots", shards: 4 };
  assert.deepEqual(movedLuck(even, even, 100), { mean: 0, low: 0, high: 0 });
  assert.equal(movedLuck({ placement: "modulo", shards: 4 }, { placement: "modulo", shards: 6 }, 1).mean, 1 - 4 / 12);
  assert.equal(movedLuck(even, { placement: "jump", shards: 8 }, 1).mean, 1 - 1 / 8);
  // Measured with 5,000 keys.
  const rings = movedLuck({ placement: "ring:virtualNodes=20", shards: 8 }, { placement: "ring", shards: 8 }, 5_000);
  assert.ok(rings.low < 0.756 && 0.756 < rings.high, JSON.stringify(rings));
});

const minute = (startMs: number, loads: number[]): PlacedMinute => ({
  startMs,
  messages: loads.reduce((a, b) => a + b, 0),
  ratios: Float32Array.of(maxOverMean(loads)),
});

test("the worst minute is the most uneven of those that are not nearly empty", () => {
  assert.equal(worstMinute([], 0, 2), null);
  const minutes = [minute(0, [50, 50]), minute(1, [70, 30]), minute(2, [3, 0]), minute(3, [60, 40])];
  const { chance, ...worst } = worstMinute(minutes, 0, 2)!;
  assert.deepEqual(worst, { startMs: 1, messages: 100, maxOverMean: Math.fround(1.4) });
  assert.ok(chance > 1.25 && chance < 1.35, `${chance}`);
});

test("without hot keys the worst of a day's minutes is below what is said of chance, and not far", () => {
  const random = createRandom(9, 0);
  const days = Array.from({ length: 20 }, () => {
    const minutes = Array.from({ length: 600 }, (_, i) => {
      const loads = [0, 0, 0, 0];
      for (let n = 0; n < 40; n += 1) loads[random.below(4)]! += 1;
      return minute(i, loads);
    });
    return worstMinute(minutes, 0, 4)!;
  });
  assert.ok(days.filter(({ maxOverMean: ratio, chance }) => ratio > chance).length <= 1);
  assert.ok(days.some(({ maxOverMean: ratio, chance }) => ratio > chance - 0.35));
});

const grouped = (minutes: readonly (readonly number[])[]): readonly Float64Array[] => {
  const groups = createMinuteGroups();
  for (const loads of minutes) groups.add(loads);
  return groups.list();
};

for (const [shares, count, messages] of [
  [[0.3, 0.24, 0.23, 0.23], 40, 60],
  // Here any of the four may come out as the largest, which makes the plain estimate 1.06 on average.
  [[0.26, 0.25, 0.25, 0.24], 40, 60],
  // More minutes than groups, with the same messages in all; of these some groups have one more.
  [[0.3, 0.24, 0.23, 0.23], 1_200, 2],
] as const) {
  test(`of ${count} sampled minutes the interval holds the truth about as often as it says: ${shares.join(", ")}`, () => {
    const random = createRandom(3, 0);
    const truth = Math.max(...shares) * 4;
    const trials = 150;
    let held = 0;
    let sum = 0;
    let width = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const minutes = Array.from({ length: count }, () => {
        const loads = shares.map(() => 0);
        for (let n = 0; n < messages; n += 1) {
          let rest = random.uniform();
          let shard = 0;
          while (shard < 3 && rest >= shares[shard]!) rest -= shares[shard++]!;
          loads[shard]! += 1;
        }
        return loads;
      });
      const groups = grouped(minutes);
      assert.ok(groups.length <= 500);
      const [{ estimate, low, high } = { estimate: 0, low: 0, high: 0 }] = resample(groups, [4]);
      assert.ok(low <= high);
      if (low <= truth && truth <= high) held += 1;
      sum += estimate;
      width += (high - low) / trials;
    }
    assert.ok(held / trials > 0.92, `${held} of ${trials}`);
    // Twice 1.96 standard deviations of the binomial of 2,400 messages, and no more than half of that on top.
    assert.ok(width < 1.5 * 2 * 1.96 * 4 * Math.sqrt((0.3 * 0.7) / 2_400), `${width} wide`);
    assert.ok(Math.abs(sum / trials - truth) < 0.01, `${sum / trials} on average, in truth ${truth}`);
  });
}

test("few sampled minutes give a wide interval, and one gives none", () => {
  const random = createRandom(5, 0);
  // Bursts of the first shard: the share of all messages that it gets is (1 + 2 · 0.2) ÷ (4 + 2 · 0.2) in truth.
  const burst = () => [100 + (random.uniform() < 0.2 ? 200 : 0), 100, 100, 100];
  const truth = (4 * 1.4) / 4.4;
  for (const n of [3, 10]) {
    let held = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      // Without a burst a sample cannot know of them.
      const minutes = [[300, 100, 100, 100], ...Array.from({ length: n - 1 }, burst)];
      const [{ low, high } = { low: 0, high: 0 }] = resample(grouped(minutes), [4]);
      if (low <= truth && truth <= high) held += 1;
    }
    assert.ok(held >= 190, `${n} minutes: ${held} of 200`);
  }
  assert.deepEqual(
    resample(grouped([burst()]), [4]).map(({ low, high }) => [low, high]),
    [[1, 4]],
  );
});
