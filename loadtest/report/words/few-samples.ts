import { samplesForQuantile } from "../../analysis/thresholds/intervals.ts";
import { count } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";

const LEAST = samplesForQuantile(0.99);

/**
 * `Fewer than 368 messages on shards 00 and 02: a p99 of so few may be far below the true one.` Null when all have
 * more. The largest of fewer samples is no upper end of an interval of the p99.
 */
export function fewSamplesInWords({ shards }: Pick<Result, "shards">): string | null {
  const few = shards.filter(({ acked }) => acked > 0 && acked < LEAST).map(({ label }) => label);
  if (few.length === 0) return null;
  const where =
    few.length === shards.length
      ? "each shard"
      : few.length === 1
        ? `shard ${few[0]}`
        : `shards ${few.slice(0, -1).join(", ")} and ${few.at(-1)}`;
  return `Fewer than ${count(LEAST)} messages on ${where}: a p99 of so few may be far below the true one.`;
}
