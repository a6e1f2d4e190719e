import type { Action } from "../../traffic/contract.ts";
import type { Source } from "../../traffic/source.ts";
import type { RunClock } from "./clock.ts";

/** Most sends in one turn of the loop: answers must be read between the turns of a generator that is behind. */
const MOST_PER_TURN = 500;

/** What the pacer calls. */
export interface PacerHooks {
  /** Once for every planned message, at or after its moment. */
  send(planned: Action): void;
  /** After each turn's sends. */
  flush(): void;
  /** Planned for before the stop, and never sent. */
  drop(planned: Action): void;
}

/**
 * Hands over every message as soon as its moment has come, by one timer with a grain of a millisecond. A moment that
 * was missed is made up for at once and never skipped or moved (open model). Of a closed model an answer makes the next
 * one due.
 *
 * @param endMs end of the schedule, ms after its start
 * @param signal stops at its abort
 * @param cut ends the schedule at its abort, when all that is due then is sent
 * @returns when the schedule is at its end or was stopped
 */
export async function pace(
  source: Source,
  endMs: number,
  clock: RunClock,
  hooks: PacerHooks,
  signal: AbortSignal | undefined,
  cut?: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    function turn(): void {
      const now = clock.now();
      const stopped = signal?.aborted === true;
      const most = stopped ? Number.POSITIVE_INFINITY : MOST_PER_TURN;
      for (let n = 0; source.dueAt() <= now && n < most; n++) {
        if (stopped) hooks.drop(source.take());
        else hooks.send(source.take());
      }
      hooks.flush();
      const isCut = cut?.aborted === true && source.dueAt() > now;
      if (source.isOver(now) || stopped || isCut) {
        signal?.removeEventListener("abort", wake);
        cut?.removeEventListener("abort", wake);
        source.onAnswer(() => {});
        resolve();
      } else arm(Math.min(source.dueAt(), Math.max(endMs, now + 1)));
    }

    let timer: NodeJS.Timeout | undefined;
    let immediate: NodeJS.Immediate | undefined;
    let next = Number.NEGATIVE_INFINITY;
    function arm(at: number): void {
      clearTimeout(timer);
      clearImmediate(immediate);
      next = at;
      const wait = at - clock.now();
      if (wait <= 0) immediate = setImmediate(turn);
      else timer = setTimeout(turn, Math.ceil(wait));
    }
    function wake(): void {
      clearTimeout(timer);
      clearImmediate(immediate);
      immediate = setImmediate(turn);
    }

    source.onAnswer(() => void (source.dueAt() < next && arm(source.dueAt())));
    signal?.addEventListener("abort", wake, { once: true });
    cut?.addEventListener("abort", wake, { once: true });
    turn();
  });
}
