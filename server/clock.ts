import { performance } from "node:perf_hooks";

/** The writer's sense of time; milliseconds. */
export interface WriterClock {
  now(): number;
  /** @returns a function that cancels */
  after(ms: number, run: () => void): () => void;
  /** Runs at the end of this turn of the loop, when everything that has arrived is queued. */
  soon(run: () => void): void;
}

/** Real time. */
export const SYSTEM_CLOCK: WriterClock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  soon: (run) => void setImmediate(run),
};
