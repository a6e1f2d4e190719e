import type { SequenceSet } from "./sequence-set.ts";
import { addToSequence, createSequenceSet } from "./sequence-set.ts";

/** What a reader knows of one author's messages in one dialog. */
export interface Receipt {
  readonly seen: SequenceSet;
  /** Largest `settled` that came with a message. */
  settled: number;
}

/** What an author knows of its own messages in one dialog. */
export interface Outbound {
  /** Number of the last message, 0 before the first. */
  seq: number;
  /** Answered messages; its `low` is what the next message carries as `settled`. */
  readonly answered: SequenceSet;
}

export function createReceipt(): Receipt {
  return { seen: createSequenceSet(), settled: 0 };
}

export function createOutbound(): Outbound {
  return { seq: 0, answered: createSequenceSet() };
}

/**
 * Counts an acknowledged or refused message as settled. A message of unknown outcome MUST NOT be: it may still arrive,
 * and would then be taken for reordered.
 */
export function settle(outbound: Outbound, seq: number): void {
  addToSequence(outbound.answered, seq, "ignore");
}

/**
 * Judges an arrival. `reordered` means that a message came earlier whose author had this one's answer in hand when it
 * wrote: a promise was broken. Messages that were under way at the same time may overtake each other (the parts of a
 * split dialog do) and are `fresh`.
 *
 * A message more than 65,536 behind counts as a duplicate: the check may accuse wrongly there, never excuse.
 */
export function receive(receipt: Receipt, seq: number, settled: number): "fresh" | "duplicate" | "reordered" {
  if (!addToSequence(receipt.seen, seq, "forget")) return "duplicate";
  const late = seq <= receipt.settled;
  if (settled > receipt.settled) receipt.settled = settled;
  return late ? "reordered" : "fresh";
}
