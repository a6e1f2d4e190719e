import { build } from "hdr-histogram-js";
import type { Result } from "../analysis/result/result.ts";
import { lowerEdgeOf, type HistogramData } from "../measurement/histogram.ts";

const US_PER_MS = 1000;
/** Above the longest duration that is told from others, 4.6 hours, in µs. */
const HIGHEST_US = 20_000_000_000;
const DIGITS = 3;
/** Lines for each halving of the distance to 100 %: what HdrHistogram's own tools write. */
const TICKS = 5;

/**
 * The percentiles of some durations in HdrHistogram's output format (`.hgrm`), milliseconds: value, percentile, samples
 * up to it, and 1 / (1 − percentile), closer and closer to 100 %. Its plotter, and every tool that reads its files,
 * takes it; lines with a # are comments to them.
 *
 * @param name of the durations, for the first line
 */
export function percentileSpectrum(name: string, data: HistogramData, { run, verdict }: Result): string {
  const doubt = verdict.status === "VALID" ? "VALID" : "INVALID, not to be trusted";
  const head = `#hotshard ${run.scenario} ${run.id}, ${name} of the measured phase, milliseconds, ${doubt}\n`;
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: DIGITS,
    bitBucketSize: 64,
    useWebAssembly: false,
  });
  const last = data.buckets.at(-1)?.[0];
  for (const [index, count] of data.buckets) {
    // Durations are known to their bucket, and the longest one exactly.
    const others = index === last ? count - 1 : count;
    const middle = Math.min(data.max, (lowerEdgeOf(index) + lowerEdgeOf(index + 1)) / 2);
    if (others > 0) histogram.recordValueWithCount(inMicroseconds(middle), others);
    if (index === last) histogram.recordValue(inMicroseconds(data.max));
  }
  if (data.count === 0) return `${head}       Value     Percentile TotalCount 1/(1-Percentile)\n`;
  return head + histogram.outputPercentileDistribution(TICKS, US_PER_MS);
}

const inMicroseconds = (ms: number): number => Math.max(1, Math.min(HIGHEST_US, Math.round(ms * US_PER_MS)));
