import type { Lane, PlannedSend } from "./contract.ts";
import { mergeLanes } from "./deal.ts";

/** The messages of one generator as they become due: of a schedule, or of users who wait for their answers. */
export interface Source {
  /** When the next message is due, ms after the start; Infinity: none is known. */
  dueAt(): number;
  /** Takes that message; only when `dueAt` is finite. */
  take(): PlannedSend;
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
