import type { Guard } from "../guard.ts";
import { asError, type NodeClock } from "./event.ts";

/** Does one thing again and again, never twice at once. */
export interface Repeater {
  /** Does it at once, or waits for the time that is under way. Never rejects. */
  now(): Promise<void>;
  /** Within `ms` milliseconds; but not while it is let alone after a failure, and not all the time. */
  hurry(ms: number): void;
  /** From now on. */
  start(ms: number): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export interface RepeaterParts {
  readonly what: string;
  readonly clock: NodeClock;
  readonly guard: Guard;
  readonly run: () => Promise<void>;
  /** After it went well, ms. */
  readonly pauseMs: () => number;
  /** The first failure after it went well, and the first success after that (null). */
  readonly onChange: (failure: Error | null) => void;
}

/** Between two times that nothing but need asks for. */
const LEAST_PAUSE_MS = 20;
const RETRY_MS = { least: 250, most: 5_000 } as const;

/** @returns the wait before try `n` (0 is the first that follows a failure), ms: doubled each time, up to 5 s */
export function backOffMs(n: number): number {
  return Math.min(RETRY_MS.least * 2 ** n, RETRY_MS.most);
}

export function createRepeater({ clock, guard, onChange, pauseMs, run, what }: RepeaterParts): Repeater {
  let busy: Promise<void> | null = null;
  let failures = 0;
  let isRunning = false;
  let cancel: (() => void) | null = null;
  let dueAt = 0;
  let doneAt = 0;

  function now(): Promise<void> {
    busy ??= run()
      .then(succeed, fail)
      .then(() => {
        busy = null;
        doneAt = clock.now();
        schedule(failures > 0 ? backOffMs(failures - 1) : pauseMs());
      });
    return busy;
  }

  function succeed(): void {
    if (failures > 0) onChange(null);
    failures = 0;
  }

  function fail(error: unknown): void {
    failures++;
    if (failures === 1) onChange(asError(error));
  }

  function schedule(ms: number): void {
    cancel?.();
    if (!isRunning) return;
    dueAt = clock.now() + ms;
    cancel = clock.after(
      ms,
      guard(what, () => void now()),
    );
  }

  return {
    now,
    hurry(ms) {
      if (busy !== null || failures > 0 || !isRunning) return;
      const soonest = Math.max(ms, doneAt + LEAST_PAUSE_MS - clock.now());
      if (clock.now() + soonest < dueAt) schedule(soonest);
    },
    start(ms) {
      isRunning = true;
      schedule(ms);
    },
    async stop() {
      isRunning = false;
      cancel?.();
      await busy;
    },
  };
}
