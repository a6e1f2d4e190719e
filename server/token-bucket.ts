/** Decides whether one more event is within the rate. */
export interface TokenBucket {
  take(): boolean;
  /** Takes so many, or what is there. @returns false when there was none */
  drain(count: number): boolean;
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

  function drain(count: number): boolean {
    const time = now();
    tokens = Math.min(perSecond, tokens + ((time - filledAt) * perSecond) / 1_000);
    filledAt = time;
    if (tokens < 1) return false;
    tokens = Math.max(0, tokens - count);
    return true;
  }

  return { take: () => drain(1), drain };
}
