import type { NodeClock } from "../event.ts";

/** Lets the mover work only as much as messages do not feel it. */
export interface Throttle {
  /**
   * After a chunk: waits, longer or shorter by what commits on these shards take now.
   *
   * @param tookMs of the chunk
   */
  pause(labels: Iterable<string>, tookMs: number): Promise<void>;
  /** Share of the time in which the mover works, 0 to 1. */
  duty(): number;
}

export interface ThrottleParts {
  readonly clock: Pick<NodeClock, "now" | "after">;
  readonly p99Ms: (label: string) => number | null;
  readonly isOn: () => boolean;
}

/** How much longer than before commits may take, as a ratio of the 99th percentiles. */
export const MOST_SLOWER = 1.2;
/** Commits shorter than this count as this long: below it the clock and the machine are what varies. */
const LEAST_MS = 1;
const DUTY = { first: 0.1, least: 0.01, more: 0.05 } as const;
/** Commits must have felt a change before the next. */
const ADJUST_MS = 250;
const LONGEST_PAUSE_MS = 2_000;
/** After so long at the least duty, what commits take is what they take without the mover: others load the shard. */
const SETTLED_MS = 3_000;

/**
 * Additive increase, multiplicative decrease, as TCP shares a line (Chiu & Jain, 1989): half the duty when messages
 * suffer, a twentieth of the time more when they do not.
 *
 * @param slower p99 now over p99 before the mover began
 */
export function nextDuty(duty: number, slower: number): number {
  return slower > MOST_SLOWER ? Math.max(DUTY.least, duty / 2) : Math.min(1, duty + DUTY.more);
}

/** @returns the pause after a chunk that took so long, ms, at most two seconds */
export function pauseMs(duty: number, tookMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, tookMs * (1 / duty - 1));
}

/** @param labels shards whose commits are looked at now, before anything is moved */
export function createThrottle(labels: readonly string[], { clock, isOn, p99Ms }: ThrottleParts): Throttle {
  const before = new Map<string, number>();
  let duty: number = DUTY.first;
  let adjustedAt = clock.now();
  /** Since when at the least duty. */
  let leastSince: number | null = null;

  function look(label: string): number {
    const now = p99Ms(label);
    if (now === null) return 0;
    if (!before.has(label)) before.set(label, now);
    return Math.max(now, LEAST_MS) / Math.max(before.get(label)!, LEAST_MS);
  }

  function adjust(touched: readonly string[]): void {
    adjustedAt = clock.now();
    duty = nextDuty(duty, Math.max(0, ...touched.map(look)));
    if (duty > DUTY.least) leastSince = null;
    else if (leastSince === null) leastSince = clock.now();
    else if (clock.now() - leastSince >= SETTLED_MS) {
      for (const label of touched) before.delete(label);
      leastSince = null;
    }
  }

  for (const label of labels) look(label);
  return {
    async pause(touched, tookMs) {
      if (!isOn()) return;
      if (clock.now() - adjustedAt >= ADJUST_MS) adjust([...touched]);
      const ms = pauseMs(duty, tookMs);
      if (ms >= 1) await new Promise<void>((resolve) => void clock.after(ms, resolve));
    },
    duty: () => (isOn() ? duty : 1),
  };
}
