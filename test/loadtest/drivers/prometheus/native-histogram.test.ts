import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nativeHistogram, type NativeHistogram } from "../../../../loadtest/drivers/prometheus/native-histogram.ts";
import { createHistogram } from "../../../../loadtest/measurement/histogram.ts";

/** Counts by the upper end of a bucket in seconds, as Prometheus reads spans and deltas. */
function read({ deltas, spans }: NativeHistogram): [upper: number, count: number][] {
  const rows: [number, number][] = [];
  let [bucket, count, next] = [0, 0, 0];
  for (const { length, offset } of spans) {
    bucket += offset;
    for (let n = 0; n < length; n += 1, bucket += 1) {
      count += deltas[next++]!;
      rows.push([2 ** (bucket / 8), count]);
    }
  }
  assert.equal(next, deltas.length);
  return rows;
}

function histogramOf(durations: readonly number[]): NativeHistogram {
  const histogram = createHistogram();
  for (const ms of durations) histogram.record(ms);
  return nativeHistogram(histogram.copy());
}

test("durations in milliseconds become buckets in seconds", () => {
  const table: [ms: number[], spans: NativeHistogram["spans"], deltas: number[]][] = [
    [[], [], []],
    // 2^(−1/8) < 0.95 ≤ 1, 1 < 1.05 ≤ 2^(1/8).
    [[950], [{ offset: 0, length: 1 }], [1]],
    [[950, 1_050, 1_050], [{ offset: 0, length: 2 }], [1, 1]],
    // 2^(−80/8) s is 0.98 ms.
    [
      [0.95, 950],
      [
        { offset: -80, length: 1 },
        { offset: 79, length: 1 },
      ],
      [1, 0],
    ],
    [
      [1_900, 1_900, 1_900, 950],
      [
        { offset: 0, length: 1 },
        { offset: 7, length: 1 },
      ],
      [1, 2],
    ],
  ];
  for (const [durations, spans, deltas] of table) {
    const made = histogramOf(durations);
    assert.deepEqual({ spans: made.spans, deltas: made.deltas }, { spans, deltas }, durations.join());
    assert.equal(made.count, durations.length);
    assert.ok(Math.abs(made.sum - durations.reduce((sum, ms) => sum + ms, 0) / 1000) < 1e-9);
  }
});

test("every duration is counted once, and in a bucket that is off by its own width at most", () => {
  const ms = fc.double({ min: 0.002, max: 1e7, noNaN: true });
  fc.assert(
    fc.property(fc.array(ms, { maxLength: 200 }), (durations) => {
      const rows = read(histogramOf(durations));
      assert.equal(
        rows.reduce((sum, [, count]) => sum + count, 0),
        durations.length,
      );
      const uppers = rows.flatMap(([upper, count]) => Array.from({ length: count }, () => upper));
      durations
        .toSorted((a, b) => a - b)
        .forEach((one, rank) => {
          const ratio = (uppers[rank]! * 1000) / one;
          // Ours are 1/64 wide at most, and of two neighbours the middle decides.
          assert.ok(ratio > 0.98 && ratio < 2 ** (1 / 8) * 1.02, `${one} ms below ${uppers[rank]} s`);
        });
    }),
  );
});
