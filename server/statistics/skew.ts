/** Largest load over the mean of all shards, idle shards included; 1 (even) … number of shards. 1 when all are idle. */
export function maxOverMean(loads: ArrayLike<number>): number {
  let [most, total] = [0, 0];
  // Without a copy: a what-if asks it of tens of thousands of minutes.
  for (let shard = 0; shard < loads.length; shard += 1) {
    most = Math.max(most, loads[shard]!);
    total += loads[shard]!;
  }
  return total > 0 ? (most * loads.length) / total : 1;
}

/** Total over the largest load: as many even shards would carry this traffic as badly; 1 … number of shards. */
export function effectiveShards(loads: readonly number[]): number {
  return loads.length / maxOverMean(loads);
}

/** Coefficient of variation: population standard deviation over the mean; 0 (even) … √(shards − 1). */
export function variationCoefficient(loads: readonly number[]): number {
  const mean = sumOf(loads) / loads.length;
  if (!(mean > 0)) return 0;
  const squares = loads.reduce((sum, load) => sum + (load - mean) ** 2, 0);
  return Math.sqrt(squares / loads.length) / mean;
}

/** Gini coefficient (Gini 1912, by the sorted-rank formula): 0 (even) … 1 − 1/shards (all on one). */
export function gini(loads: readonly number[]): number {
  const total = sumOf(loads);
  if (!(total > 0)) return 0;
  const n = loads.length;
  const ranked = [...loads].sort((a, b) => a - b).reduce((rest, load, i) => rest + (2 * (i + 1) - n - 1) * load, 0);
  return ranked / (n * total);
}

function sumOf(loads: readonly number[]): number {
  return loads.reduce((sum, load) => sum + load, 0);
}
