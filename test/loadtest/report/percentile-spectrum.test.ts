import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { buildResult } from "../../../loadtest/analysis/build-result.ts";
import { createHistogram, quantileOf, type HistogramData } from "../../../loadtest/measurement/histogram.ts";
import { percentileSpectrum } from "../../../loadtest/report/percentile-spectrum.ts";
import { runEvidence } from "../../support/run-evidence.ts";

const result = buildResult(runEvidence());

function histogram(values: readonly number[]): HistogramData {
  const made = createHistogram();
  for (const value of values) made.record(value);
  return made.toData();
}

/**
 * What HdrHistogram's plotter takes for a point (GoogleChartsExample/plotFiles.html): a line that does not begin with # and
 * has four fields, of which the first is drawn over the last.
 */
function pointsOf(text: string): { value: number; percentile: number; count: number; inverse: number }[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/ +/u);
    const [value, percentile, count, inverse] = fields.map(Number);
    const isPoint = !line.trim().startsWith("#") && fields.length === 4 && Number.isFinite(value! + inverse!);
    return isPoint ? [{ value: value!, percentile: percentile!, count: count!, inverse: inverse! }] : [];
  });
}

const ms = fc.double({ min: 0.001, max: 900, noNaN: true });

test("the plotter reads every line as a point: values rise, and are the percentiles of the report", () => {
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1, maxLength: 400 }), (values) => {
      const data = histogram(values);
      const points = pointsOf(percentileSpectrum("delivery", data, result));
      assert.equal(points[0]!.percentile, 0);
      for (const [i, { count, inverse, percentile, value }] of points.entries()) {
        assert.ok(value >= (points[i - 1]?.value ?? 0) && percentile >= (points[i - 1]?.percentile ?? 0));
        assert.ok(Math.abs(inverse * (1 - percentile) - 1) < 0.006, `${inverse} at ${percentile}`);
        assert.ok(count >= percentile * values.length - 1e-6 && count <= values.length);
        // Both round to their buckets: to 0.8 % and a microsecond.
        const exact = quantileOf(data, Math.max(percentile, 1e-9));
        assert.ok(Math.abs(value - exact) <= 0.01 * exact + 0.0021, `${value} and ${exact} at ${percentile}`);
      }
    }),
  );
});

test("the lines are those of HdrHistogram's own format: head, five for each halving of the distance to 100 %, and the end", () => {
  const lines = percentileSpectrum("delivery", histogram([...Array(990).fill(1), ...Array(10).fill(50)]), result).split(
    "\n",
  );
  assert.equal(lines[0], `#hotshard lady-gaga ${result.run.id}, delivery of the measured phase, milliseconds, VALID`);
  assert.deepEqual(lines.slice(1, 4), [
    "       Value     Percentile TotalCount 1/(1-Percentile)",
    "",
    "       1.008 0.000000000000        990           1.00",
  ]);
  const percentiles = pointsOf(lines.join("\n")).map(({ percentile }) => percentile);
  assert.deepEqual(percentiles.slice(0, 12), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.775]);
  const [last, mean, max, buckets, end] = lines.slice(-5);
  assert.match(last!, /^ +5\d\.\d{3} 1\.000000000000 +1000$/, "of 100 % there is no 1 / (1 − percentile)");
  assert.match(mean!, /^#\[Mean {4}= +1\.4\d\d, StdDeviation {3}= +4\.8\d\d\]$/);
  assert.match(max!, /^#\[Max {5}= +50\.\d{3}, Total count {4}= +1000\]$/);
  assert.match(buckets!, /^#\[Buckets = +\d+, SubBuckets {5}= +2048\]$/);
  assert.equal(end, "");
});

test("no deliveries make no points, and an INVALID run says so in its first line", () => {
  assert.deepEqual(pointsOf(percentileSpectrum("service", histogram([]), result)), []);
  const verdict = { status: "INVALID" as const, reasons: [] };
  assert.match(
    percentileSpectrum("service", histogram([5]), { ...result, verdict }),
    /^#.* INVALID, not to be trusted\n/,
  );
});

test("what is too short or too long to be told from others is at the ends", () => {
  const points = pointsOf(percentileSpectrum("service", histogram([0, 1e-7, 1e9]), result));
  assert.ok(points[0]!.value <= 0.0011 && points.every(({ value }) => Number.isFinite(value)));
});
