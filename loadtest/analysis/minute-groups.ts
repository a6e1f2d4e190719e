/** More tell a bootstrap's quantiles no better, and each costs some kilobytes and 400 additions of them. */
const GROUPS = 500;

/** What shards got in minutes that are a random sample, for `resample`. */
export interface MinuteGroups {
  /** @param loads messages by shard, layout after layout, of the next minute; not kept */
  add(loads: ArrayLike<number>): void;
  /** Sums of these, of at most 500 groups; a minute each while there are no more. */
  list(): readonly Float64Array[];
}

/**
 * Adds minutes up in groups of about the same number. Minutes that come in a random order make random groups, whose sums are
 * as far apart as their number says: the bootstrap of a ratio over groups has the spread of that over minutes.
 */
export function createMinuteGroups(): MinuteGroups {
  const groups: Float64Array[] = [];
  let minutes = 0;
  return {
    add(loads) {
      const group = (groups[minutes % GROUPS] ??= new Float64Array(loads.length));
      for (let i = 0; i < loads.length; i += 1) group[i]! += loads[i]!;
      minutes += 1;
    },
    list: () => groups,
  };
}
