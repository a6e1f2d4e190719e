/** One shard's writer and what was asked of it. */
export interface ShardLoad {
  readonly label: string;
  /** Messages per second that the generator sent to it, whether or not the shard could take them. */
  readonly offeredPerS: number;
  /** Rows per second at saturation; null when unknown. */
  readonly limitPerS: number | null;
}

export interface Headroom {
  /** The first shard to saturate when all traffic grows alike. */
  readonly shard: string;
  readonly nowPerS: number;
  readonly limitPerS: number;
  /** 0.38: the traffic can grow by 38 % before the shard saturates; negative: it is beyond already. */
  readonly growthToLimit: number;
  /** The same after the advice; null when there is none to follow. */
  readonly afterAdvice: number | null;
  /** Shards that a read of the advised dialog asks then. */
  readonly readFanout: number;
}

export interface AdviceForecast {
  readonly maxOverMean: number;
  /** Number of shards after the advice. */
  readonly shards: number;
  readonly readFanout: number;
}

/**
 * Messages per second offered to each shard. An acknowledgement that came late still counts, so a growing queue shows
 * as load. What was refused or never answered has no shard in the counters: it is laid at the saturated shards' door
 * (writer busy for more than 95 % of the time), in proportion to what they took; at everybody's when none is.
 *
 * @param unanswered refused + unknown messages
 * @param seconds of the schedule, warm-up included
 */
export function offeredRates(
  shards: readonly { readonly acked: number; readonly busy: number }[],
  unanswered: number,
  seconds: number,
): number[] {
  const saturated = shards.some(({ busy }) => busy > 0.95);
  const weights = shards.map(({ acked, busy }) => (saturated && busy <= 0.95 ? 0 : acked));
  const total = weights.reduce((rest, weight) => rest + weight, 0);
  return shards.map(({ acked }, shard) => {
    const blamed = total > 0 ? (unanswered * weights[shard]!) / total : unanswered / shards.length;
    return (acked + blamed) / seconds;
  });
}

/**
 * How much the traffic can grow before the first shard saturates, today and with the advice followed. The most loaded
 * shard of the forecast is assumed to write as fast as the shard that saturates first today.
 *
 * @returns null when no loaded shard's limit is known
 */
export function headroomOf(shards: readonly ShardLoad[], advice: AdviceForecast | null): Headroom | null {
  let first: { shard: string; nowPerS: number; limitPerS: number; growthToLimit: number } | null = null;
  for (const { label, offeredPerS, limitPerS } of shards) {
    if (limitPerS === null || offeredPerS <= 0) continue;
    const growthToLimit = limitPerS / offeredPerS - 1;
    if (first === null || growthToLimit < first.growthToLimit) {
      first = { shard: label, nowPerS: offeredPerS, limitPerS, growthToLimit };
    }
  }
  if (first === null) return null;
  const offered = shards.reduce((total, { offeredPerS }) => total + offeredPerS, 0);
  const afterPerS = advice === null ? null : (offered * advice.maxOverMean) / advice.shards;
  return {
    ...first,
    afterAdvice: afterPerS === null ? null : first.limitPerS / afterPerS - 1,
    readFanout: advice?.readFanout ?? 1,
  };
}
