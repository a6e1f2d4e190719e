import { performance } from "node:perf_hooks";

/** The edge's sense of time; milliseconds. */
export interface EdgeClock {
  /** Never goes back: for how long something has been silent or has waited. */
  now(): number;
  /** Since 1970: for tokens. */
  wall(): number;
  /** Does not keep the process alive. @returns a function that cancels */
  after(ms: number, run: () => void): () => void;
}

/** Real time. */
export const SYSTEM_EDGE_CLOCK: EdgeClock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** What one timer takes at most: 24 days. A longer one would fire at once. */
const MOST_MS = 0x7fff_ffff;

/**
 * Runs once at a moment of wall time, however far away it is.
 *
 * @param moment milliseconds since 1970; one that has passed runs in the next turn of the loop
 * @returns a function that cancels
 */
export function atMoment(clock: EdgeClock, moment: number, run: () => void): () => void {
  const wait = (): (() => void) => {
    const ms = Math.min(Math.max(0, Math.ceil(moment - clock.wall())), MOST_MS);
    // Asked again when it fires: wall time may have been set back meanwhile.
    return clock.after(ms, () => {
      if (clock.wall() >= moment) run();
      else cancel = wait();
    });
  };
  let cancel = wait();
  return () => cancel();
}
