/** How long the recent commits of each shard took. */
export interface CommitTimes {
  add(shard: string, seconds: number): void;
  /** 99th percentile of the last seconds, ms; null when there were too few commits to say. */
  p99Ms(shard: string): number | null;
}

interface Timed {
  readonly at: number;
  readonly seconds: number;
}

/** What counts as recent, ms. */
const RECENT_MS = 5_000;
/** Of a shard, at most: at more commits a second the time is shorter. */
const KEPT = 2_000;
/** Fewer say nothing of the slowest. */
const LEAST = 20;

/** @param now ms, never going back */
export function createCommitTimes(now: () => number): CommitTimes {
  const times = new Map<string, Timed[]>();
  return {
    add(shard, seconds) {
      let own = times.get(shard);
      if (own === undefined) times.set(shard, (own = []));
      own.push({ at: now(), seconds });
      if (own.length >= 2 * KEPT) own.splice(0, own.length - KEPT);
    },
    p99Ms(shard) {
      const from = now() - RECENT_MS;
      const recent = (times.get(shard) ?? []).slice(-KEPT).filter(({ at }) => at >= from);
      if (recent.length < LEAST) return null;
      const sorted = Float64Array.from(recent, ({ seconds }) => seconds).sort();
      return sorted[Math.ceil(sorted.length * 0.99) - 1]! * 1_000;
    },
  };
}
