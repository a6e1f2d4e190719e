import type { WriterClock } from "../../server/clock.ts";
import type { NodeClock } from "../../server/topology/event.ts";
import type { Timeline } from "./timeline.ts";

/** One process of a server: it runs, is stopped (SIGSTOP) or dead. What reaches it while it is stopped waits. */
export interface Life {
  isAlive(): boolean;
  isPaused(): boolean;
  /** Runs it now, when the process goes on, or never. */
  enter: (run: () => void) => void;
  pause(): void;
  resume(): void;
  kill(): void;
  readonly clock: NodeClock & WriterClock;
}

/** @param wall Unix ms, of its machine */
export function createLife(timeline: Timeline, wall: () => number): Life {
  let isAlive = true;
  let isPaused = false;
  let held: (() => void)[] = [];

  function enter(run: () => void): void {
    if (!isAlive) return;
    if (isPaused) held.push(run);
    else run();
  }

  function after(ms: number, run: () => void): () => void {
    let isDue = true;
    const cancel = timeline.after(ms, () => enter(() => isDue && run()));
    return () => {
      isDue = false;
      cancel();
    };
  }

  return {
    isAlive: () => isAlive,
    isPaused: () => isPaused,
    enter,
    pause: () => void (isPaused = true),
    resume() {
      isPaused = false;
      const due = held;
      held = [];
      // Each in a turn of its own.
      for (const run of due) timeline.after(0, () => enter(run));
    },
    kill() {
      isAlive = false;
      held = [];
    },
    clock: { now: timeline.now, wall, after, soon: (run) => void after(0, run) },
  };
}
