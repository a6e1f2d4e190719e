import type { Action, Lane } from "./contract.ts";
import { mergeLanes } from "./deal.ts";

/** The actions of one generator as they become due: of a schedule, or of users who wait for their answers. */
export interface Source {
  /** When the next action is due, ms after the start; Infinity: none is known. */
  dueAt(): number;
  /** Takes that action; only when `dueAt` is finite. */
  take(): Action;
  /** Whether no message will come any more. */
  isOver(now: number): boolean;
  /** A message was answered, or never will be. */
  answered(at: number): void;
  /** @param run called after an answer that makes another message due */
  onAnswer(run: () => void): void;
}

/** @param endMs end of the schedule, ms after its start */
export function sourceOf(lanes: readonly Lane[], endMs: number): Source {
  const [first] = lanes;
  return first?.loop === undefined ? scheduled(lanes) : looping(first, first.loop, endMs);
}

/** From one action of nothing to the next, ms: no multiple of a timer's grain, so that all parts of it are met. */
const NOOP_EVERY_MS = 53.7;

/**
 * The same, and beside it now and then an action of nothing: how late it comes is what the harness itself is late by,
 * whatever is sent. It ends with the other.
 */
export function withNoops(source: Source): Source {
  let count = 1;
  const noopAt = () => count * NOOP_EVERY_MS;
  return {
    ...source,
    dueAt: () => Math.min(source.dueAt(), noopAt()),
    take() {
      if (source.dueAt() <= noopAt()) return source.take();
      const at = noopAt();
      count += 1;
      return { at, user: 0, do: "noop", target: 0 };
    },
  };
}

function scheduled(lanes: readonly Lane[]): Source {
  const next = mergeLanes(lanes);
  let head = next();
  return {
    dueAt: () => head?.at ?? Number.POSITIVE_INFINITY,
    take() {
      const taken = head!;
      head = next();
      return taken;
    },
    isOver: () => head === null,
    answered: () => {},
    onAnswer: () => {},
  };
}

function looping(lane: Lane, loop: NonNullable<Lane["loop"]>, endMs: number): Source {
  let wake: (() => void) | null = null;
  return {
    dueAt: () => loop.dueAt(),
    take: () => lane.next()!,
    isOver: (now) => now >= endMs && loop.dueAt() > now,
    answered(at) {
      loop.answered(at);
      wake?.();
    },
    onAnswer: (run) => void (wake = run),
  };
}
