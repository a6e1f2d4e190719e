import { count, milliseconds, plural, times } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { changesInWords, stallsInWords } from "./changes.ts";
import { headroomInWords, knowsNoShares } from "./run.ts";
import { closedInWords } from "./traffic.ts";

/** Instead of `headroomInWords`, where text would otherwise keep silent about it. */
const HEADROOM_UNKNOWN =
  "Headroom is not known: the writers were hardly busy, or had too few commits to tell their limits.";

/** What is to be said besides, sentence by sentence; of most there is nothing to say. */
export const factsInWords = (result: Result): string[] =>
  [
    closedInWords(result),
    changesInWords(result),
    stallsInWords(result),
    forecastInWords(result),
    aimInWords(result),
    headroomInWords(result) ?? (knowsNoShares(result) ? null : HEADROOM_UNKNOWN),
    readsInWords(result),
    trendsInWords(result),
  ].filter((words) => words !== null);

/** `Max/mean 3.00 × was asked for: forecast 2.99 ×, realised 3.04 ×.` Null when no effect was asked for. */
function aimInWords({ aim }: Result): string | null {
  if (aim === undefined) return null;
  const { asked, forecast, realised } = aim.maxOverMean;
  return `Max/mean ${times(asked)} was asked for: forecast ${times(forecast)}, realised ${times(realised)}.`;
}

/** What the readers of history waited for a page, by the shards that it asks. Null when nobody read. */
export function readsInWords({ reads }: Result): string | null {
  if (reads === undefined) return null;
  const rows = reads.byFanout.map(
    ({ shards, serviceMs: { p95 = 0, p99 } }) =>
      `p95 ${milliseconds(p95)} ms, p99 ${milliseconds(p99)} ms from ${plural(shards, "shard")}`,
  );
  const failed = reads.failed === 0 ? "" : ` ${count(reads.failed)} failed.`;
  const waits = rows.length === 0 ? "none came" : rows.join("; ");
  return (
    `History: ${plural(reads.pages, "page")}, ${reads.rate.toFixed(0)} a second of ${reads.asked} asked ` +
    `for; ${waits}.${failed}`
  );
}

const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** How the server's memory and the latency went in a soak. Null for other runs. */
export function trendsInWords({ trends }: Result): string | null {
  if (trends === undefined) return null;
  const { memoryBytes: memory, deliveryMs: delivery } = trends;
  if (memory === null || delivery === null) return "The run was too short to tell a trend of memory or latency.";
  const grows = memory.grows ? "The server's memory keeps growing" : "The server's memory does not keep growing";
  const hourly = `${mb(memory.perHour)} MB an hour (${mb(memory.low)} to ${mb(memory.high)})`;
  const interval = `${hourly} at ${mb(memory.level)} MB`;
  const drift = `${delivery.perHour.toFixed(2)} ms an hour (${delivery.low.toFixed(2)} to ${delivery.high.toFixed(2)})`;
  return `${grows}: ${interval}. Median delivery: ${drift}.`;
}

/** `The advice of run a1b2 promised max/mean 1.13 ×; it came to 1.15 ×.` Null when no advice was followed. */
function forecastInWords({ forecast, skew }: Result): string | null {
  if (forecast === undefined) return null;
  return (
    `The advice of run ${forecast.of} promised max/mean ${times(forecast.maxOverMean)}; it came to ` +
    `${times(skew.maxOverMean)}.`
  );
}
