/** Labels that a script declares when it was not told the server's: k6 cannot ask before it declares thresholds. */
export const MOST_SHARDS = 64;

/** The name under which k6 keeps the samples of one shard's measured phase. */
export function ofShard(metric: string, label: string): string {
  return `${metric}{phase:measure,shard:${label}}`;
}

/** The name under which k6 keeps the samples of the measured phase. */
export function measured(metric: string): string {
  return `${metric}{phase:measure}`;
}

/** The name under which k6 keeps a counter of one shard. */
export function countOfShard(metric: string, label: string): string {
  return `${metric}{shard:${label}}`;
}
