import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Slice } from "../../../loadtest/measurement/measurement.ts";
import { createSliceKeeper, mergeSlices, MOST_SLICES } from "../../../loadtest/measurement/slice-keeper.ts";
import { createHistogram, mergeHistograms, type HistogramData } from "../../../loadtest/measurement/histogram.ts";
import { mergePacked, packHistogram, unpackHistogram } from "../../../loadtest/measurement/packed-histogram.ts";

function dataOf(values: readonly number[]): HistogramData {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram.toData();
}

function same(actual: HistogramData, expected: HistogramData): void {
  assert.deepEqual({ ...actual, sum: 0 }, { ...expected, sum: 0 });
  assert.ok(Math.abs(actual.sum - expected.sum) < 0.01 + 1e-9 * expected.sum, `${actual.sum} for ${expected.sum}`);
}

const samples = fc.array(fc.double({ min: 0.0001, max: 20_000_000, noNaN: true }), { maxLength: 60 });

test("a packed histogram is the same one, and packed ones add up as if recorded together", () => {
  fc.assert(
    fc.property(samples, samples, (a, b) => {
      const [left, right] = [packHistogram(dataOf(a)), packHistogram(dataOf(b))];
      same(unpackHistogram(left), dataOf(a));
      same(unpackHistogram(JSON.parse(JSON.stringify(mergePacked(left, right)))), dataOf([...a, ...b]));
    }),
  );
});

const acked = (of: readonly { acked: number }[]): number => of.reduce((sum, each) => sum + each.acked, 0);

const part = fc.record({
  second: fc.nat(5_000),
  shard: fc.constantFrom("00", "01"),
  acked: fc.nat(9),
  warmup: samples,
  delivery: samples,
  commit: samples,
});

const total = (slices: readonly Slice[], name: "delivery" | "warmup" | "commit"): HistogramData =>
  mergeHistograms(slices.flatMap((slice) => (slice[name] === undefined ? [] : [unpackHistogram(slice[name])])));

test("whatever came when: few slices, in order, that add up to all of it; also when generators merge theirs", () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), fc.nat(40), (parts, cut) => {
      const [one, two, all] = [createSliceKeeper(), createSliceKeeper(), createSliceKeeper()];
      parts.forEach(({ second, shard, acked: count, warmup, delivery, commit }, i) => {
        const packed = {
          second,
          shard,
          acked: count,
          warmup: packHistogram(dataOf(warmup)),
          delivery: packHistogram(dataOf(delivery)),
          commit: packHistogram(dataOf(commit)),
        };
        all.add(packed);
        (i < cut ? one : two).add(packed);
      });
      for (const slices of [all.slices(), mergeSlices([one.slices(), two.slices()])]) {
        for (const name of ["warmup", "delivery", "commit"] as const) {
          same(total(slices, name), mergeHistograms(parts.map((each) => dataOf(each[name]))));
        }
        assert.equal(acked(slices), acked(parts));
        for (const label of ["00", "01"]) {
          const own = slices.filter(({ shard }) => shard === label);
          assert.ok(own.length <= MOST_SLICES);
          assert.ok(own.every(({ second, seconds = 1 }, i) => i === 0 || second >= own[i - 1]!.second + seconds));
        }
      }
    }),
    { numRuns: 50 },
  );
});

test("an hour by the second becomes slices of sixteen seconds, each with the percentiles of all its deliveries", () => {
  const keeper = createSliceKeeper();
  for (let second = 0; second < 3_600; second += 1) {
    const packed = packHistogram(dataOf([1 + second, 10 + second]));
    keeper.add({ second, shard: "00", acked: 2, ...(second < 4 ? { warmup: packed } : { delivery: packed }) });
  }
  const slices = keeper.slices();
  assert.equal(slices.length, 225);
  const [first, second] = slices;
  assert.deepEqual([first?.second, first?.seconds, first?.acked], [0, 16, 32]);
  assert.equal(second?.second, 16);
  assert.equal(unpackHistogram(first!.delivery!).count, 24);
  assert.equal(unpackHistogram(first!.warmup!).count, 8);
  assert.equal(first?.deliveryMs?.p99, 25);
  assert.equal(second?.warmup, undefined);
});
