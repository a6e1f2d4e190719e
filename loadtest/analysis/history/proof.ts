import type { Entry } from "./dialog-history.ts";

/**
 * Clocks of generators and of the reader agree to a few milliseconds: moments of two of them that are closer than this,
 * ms, do not tell which was first.
 */
export const CLOCKS_MS = 50;

/** From this moment on somebody knew that it is stored: its author, a reader, or who read the history; ms. */
export function provenAt({ acked, received, settledIn }: Entry): number {
  return Math.min(acked?.at ?? Infinity, received?.at ?? Infinity, settledIn?.at ?? Infinity);
}
