import type { EdgeClock } from "../../server/edge/edge-clock.ts";
import type { WriterClock } from "../../server/clock.ts";

export interface VirtualClock extends WriterClock, EdgeClock {
  /** Ends the turn: runs what was put off to its end, and lets promises settle. */
  turn(): Promise<void>;
  /** Lets so many milliseconds pass, with every timer that falls due, in order. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  timers(): number;
}

/** A clock that stands still until the test moves it. */
export function virtualClock(): VirtualClock {
  const start = Date.now();
  let now = 0;
  let soon: (() => void)[] = [];
  const timers = new Set<{ at: number; run: () => void }>();

  async function turn(): Promise<void> {
    const due = soon;
    soon = [];
    for (const run of due) run();
    // A real turn: every promise that can settle does.
    await new Promise((resolve) => setImmediate(resolve));
  }

  return {
    now: () => now,
    wall: () => start + now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    soon: (run) => void soon.push(run),
    turn,
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = next.at;
        timers.delete(next);
        next.run();
        await turn();
      }
      now = end;
      await turn();
    },
    timers: () => timers.size,
  };
}
