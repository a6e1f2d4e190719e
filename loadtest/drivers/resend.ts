import { ERRORS } from "../../server/protocol/errors.ts";

/** First wait before a message is sent again, ms; it doubles each time, up to the longest. */
const BACK_OFF_MS = { first: 100, most: 2_000 } as const;
/** Together some 20 s: longer than a failover takes, and than a database needs to come back. */
const MOST_TRIES = 14;

/** How a generator sends a message again. */
export interface ResendPort {
  /** Calls `run` once, so many ms later. */
  readonly after: (ms: number, run: () => void) => void;
  /** @returns whether the author has a connection to send the frame (JSON text, ASCII) on */
  readonly write: (author: number, frame: string) => boolean;
}

/** Whether a client may send the same frame again after this answer. */
export function isRetryable(code: string): boolean {
  return Object.hasOwn(ERRORS, code) && ERRORS[code as keyof typeof ERRORS].retryable;
}

/**
 * The wait before the next try, ms: exponential, with jitter so that clients of a lost shard do not come all at once.
 *
 * @param tries so far, at least 1
 * @param random 0 to below 1
 * @returns null: it is given up
 */
export function backOffMs(tries: number, random: number): number | null {
  if (tries >= MOST_TRIES) return null;
  return Math.min(BACK_OFF_MS.first * 2 ** (tries - 1), BACK_OFF_MS.most) * (0.75 + 0.5 * random);
}
