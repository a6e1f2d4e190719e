import type { instance } from "k6/execution";

/** Milliseconds since the start of the schedule, with fractions; one clock for all VUs of a process. */
export interface Clock {
  now(): number;
  /** Learns from a k6 event that is being handled. @returns now */
  meet(timestamp: number): number;
  /** @returns on this clock the moment of a k6 event, from its `timestamp` */
  at(timestamp: number): number;
}

/**
 * k6 has no `performance.now()` and `Date.now()` is whole milliseconds. The duration of the test is fine but counts
 * from an unknown moment; events carry fine epoch times but are handled later than they happened, so that every
 * difference is too small and the largest so far is the best.
 *
 * @param startAt epoch milliseconds
 */
export function createClock(testInstance: typeof instance, startAt: number): Clock {
  let offset = Date.now() - testInstance.currentTestRunDuration;
  return {
    now: () => testInstance.currentTestRunDuration + offset - startAt,
    meet(timestamp) {
      const duration = testInstance.currentTestRunDuration;
      if (timestamp - duration > offset) offset = timestamp - duration;
      return duration + offset - startAt;
    },
    at: (timestamp) => timestamp - startAt,
  };
}
