import type { Action } from "../traffic/contract.ts";
import type { Source } from "../traffic/source.ts";

/** What is paced, and what the pacer calls. */
export interface Pace {
  readonly source: Source;
  /** End of the schedule, ms after its start. */
  readonly endMs: number;
  readonly clock: { now(): number };
  /** Most actions in one turn of the loop: answers must be read between the turns of a generator that is behind. */
  readonly mostPerTurn: number;
  /** Calls `run` once, so many ms later; 0 or less: when others had their turn. @returns calls it no more */
  readonly after: (ms: number, run: () => void) => () => void;
  /** Once for every planned action, at or after its moment. */
  readonly take: (planned: Action) => void;
  /** After each turn's actions. @param now ms after the start of the schedule */
  readonly flush: (now: number) => void;
  /** Whether the schedule ends with what is due now. */
  readonly isCut: () => boolean;
  /** Once, when the schedule is at its end or was cut. */
  readonly done: () => void;
}

/**
 * Hands over every action as soon as its moment has come. A moment that was missed is made up for at once and never
 * skipped or moved (open model). Of a closed model an answer makes the next one due.
 *
 * @returns looks at once whether the schedule is cut; to be called before `done` alone
 */
export function pace({ source, endMs, clock, mostPerTurn, after, take, flush, isCut, done }: Pace): () => void {
  let next = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | null = null;

  function turn(): void {
    let now = clock.now();
    for (let n = 0; source.dueAt() <= now && n < mostPerTurn; n += 1) {
      take(source.take());
      now = clock.now();
    }
    flush(now);
    if (source.isOver(now) || (isCut() && source.dueAt() > now)) {
      source.onAnswer(() => {});
      done();
    } else arm(Math.min(source.dueAt(), Math.max(endMs, now + 1)));
  }

  /** Absolute deadlines: an interval would re-arm after its callback and drift. */
  function arm(at: number): void {
    cancel?.();
    next = at;
    cancel = after(at - clock.now(), turn);
  }

  source.onAnswer(() => void (source.dueAt() < next && arm(source.dueAt())));
  turn();
  return () => arm(clock.now());
}
