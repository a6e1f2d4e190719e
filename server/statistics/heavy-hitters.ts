/** One heavy hitter: its true count lies between count − error and count. */
export interface Heavy {
  readonly key: string;
  readonly count: number;
  readonly error: number;
}

/** What a sketch knows of a stream; summaries of several streams add up to one of all. */
export interface Summary {
  readonly total: number;
  /** Largest count first. */
  readonly heavy: readonly Heavy[];
  /** No key that is not named here occurred more often. */
  readonly absent: number;
}

/**
 * Adds summaries of disjoint parts of a stream: time windows of one process, or processes (Agarwal et al.: "Mergeable
 * summaries", 2012). A key that a part does not name may have occurred there `absent` times, which is added to its
 * count and to its error; so counts stay bounds from above, and count − error from below.
 *
 * @param capacity keys that the result names at most
 */
export function mergeSummaries(parts: readonly Summary[], capacity: number): Summary {
  const absent = parts.reduce((sum, part) => sum + part.absent, 0);
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  const merged = new Map<string, { key: string; count: number; error: number }>();
  for (const part of parts) {
    for (const { key, count, error } of part.heavy) {
      const known = merged.get(key) ?? { key, count: absent, error: absent };
      // What the part says of the key takes the place of what it says of absent ones.
      known.count += count - part.absent;
      known.error += error - part.absent;
      merged.set(key, known);
    }
  }
  const heavy = [...merged.values()].sort((a, b) => b.count - a.count);
  return { total, heavy: heavy.slice(0, capacity), absent: Math.max(absent, heavy[capacity]?.count ?? 0) };
}
