/** Decides whether one more event is within the rate. */
export interface TokenBucket {
  take(): boolean;
}

/**
 * A token bucket that starts full.
 *
 * @param perSecond tokens that come back in a second, and the most that it holds: the largest burst; at least 1
 * @param now milliseconds, never going back
 */
export function createTokenBucket(perSecond: number, now: () => number = () => performance.now()): TokenBucket {
  let tokens = perSecond;
  let filledAt = now();
  return {
    take() {
      const time = now();
      tokens = Math.min(perSecond, tokens + ((time - filledAt) * perSecond) / 1_000);
      filledAt = time;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
