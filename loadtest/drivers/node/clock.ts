/** One clock for authors and readers: milliseconds since the start of the schedule, finer than a microsecond. */
export interface RunClock {
  now(): number;
  /** @param moment of `performance.now()` */
  at(moment: number): number;
  /** Makes this moment 0, or a moment of `machineMs`. */
  start(at?: number): void;
  /** ISO 8601 UTC of the start. */
  startedAt(): string;
  /** Compares the machine's wall clock with this one, which cannot be set; call it about once a second. */
  watch(): void;
  /** Largest disagreement between two watches, ms: a clock that was set, or a machine that slept. */
  jumpMs(): number;
}

/**
 * Milliseconds of the clock that all processes of this machine share, that nobody can set and that counts from its
 * start (CLOCK_MONOTONIC of clock_gettime(2); the same clock as `performance.now()`, which counts from the process's
 * start).
 */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function createRunClock(): RunClock {
  let origin = performance.now();
  let wallOrigin = Date.now();
  let offset = 0;
  let largest = 0;
  return {
    now: () => performance.now() - origin,
    at: (moment) => moment - origin,
    start(at) {
      const ahead = at === undefined ? 0 : at - machineMs();
      origin = performance.now() + ahead;
      wallOrigin = Date.now() + ahead;
      offset = 0;
      largest = 0;
    },
    startedAt: () => new Date(wallOrigin).toISOString(),
    watch() {
      const latest = Date.now() - wallOrigin - (performance.now() - origin);
      largest = Math.max(largest, Math.abs(latest - offset));
      offset = latest;
    },
    jumpMs: () => largest,
  };
}

/** Busy milliseconds of this thread so far; of the whole process where Node cannot tell them apart (before 23.9). */
function busyMs(): number {
  const usage = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (usage.user + usage.system) / 1000;
}

/** @returns a function that gives the busy share of one core since this call */
export function watchCpu(): () => number {
  const busy = busyMs();
  const wall = performance.now();
  return () => (busyMs() - busy) / Math.max(1, performance.now() - wall);
}
