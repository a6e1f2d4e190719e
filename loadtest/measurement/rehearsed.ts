import type { RunWindow } from "../traffic/contract.ts";
import { compareIds, messageTime } from "../../server/placement/message-id.ts";

/** Width of the times by which acknowledgements are counted, ms of the message ids' clock. */
const ACK_WIDTH_MS = 100;

/** What is counted more of a rehearsal, in which the shards change while it goes on. */
export interface Rehearsed {
  /**
   * Of each author's part of a dialog the longest time from the moment of a message to its acknowledgement, ms, among
   * those that touched the second window of the story.
   */
  readonly stalls: readonly (readonly [author: number, to: number, ms: number])[];
  /** Acknowledged messages by shard and time; generators have rows of their own. */
  readonly acks: readonly AckRow[];
}

/**
 * Messages that one shard acknowledged in `ACK_WIDTH_MS` of the time in their ids, with the smallest and the largest of
 * these: where none lies on both sides of a boundary, it is known on which side all of them are.
 */
export type AckRow = readonly [shard: string, messages: number, least: string, most: string];

/** All of several generators; absent when none is a rehearsal's. */
export function mergeRehearsed(parts: readonly (Rehearsed | undefined)[]): { readonly rehearsed?: Rehearsed } {
  const all = parts.filter((part) => part !== undefined);
  if (all.length === 0) return {};
  return { rehearsed: { stalls: all.flatMap(({ stalls }) => stalls), acks: all.flatMap(({ acks }) => acks) } };
}

/** Counts acknowledgements by shard and time. */
export function createAckTimes() {
  const shards = new Map<string, Map<number, { messages: number; least: string; most: string }>>();
  return {
    /** @param message its id, decimal */
    add(shard: string, message: string): void {
      let times = shards.get(shard);
      if (times === undefined) shards.set(shard, (times = new Map()));
      const time = Math.floor(messageTime(BigInt(message)) / ACK_WIDTH_MS);
      const row = times.get(time);
      if (row === undefined) return void times.set(time, { messages: 1, least: message, most: message });
      row.messages += 1;
      if (compareIds(message, row.least) < 0) row.least = message;
      if (compareIds(message, row.most) > 0) row.most = message;
    },
    rows: (): AckRow[] =>
      [...shards].flatMap(([shard, times]) =>
        [...times.values()].map(({ least, messages, most }) => [shard, messages, least, most] as const),
      ),
  };
}

interface Answered {
  readonly author: number;
  readonly to: number;
  /** Intended moment, ms after the start of the schedule, as `readAt`. */
  readonly at: number;
  readonly readAt: number;
}

/** Counts what is counted more of a rehearsal. @param during its second window */
export function createRehearsed(during: Pick<RunWindow, "fromS" | "untilS">) {
  const acks = createAckTimes();
  const stalls = new Map<string, [author: number, to: number, ms: number]>();
  const [fromMs, untilMs] = [during.fromS * 1_000, during.untilS * 1_000];
  return {
    /** @param message its id, decimal */
    acknowledged(shard: string, message: string, { at, author, readAt, to }: Answered): void {
      acks.add(shard, message);
      if (at >= untilMs || readAt < fromMs) return;
      const key = `${author} ${to}`;
      const longest = stalls.get(key);
      if (longest === undefined) stalls.set(key, [author, to, readAt - at]);
      else longest[2] = Math.max(longest[2], readAt - at);
    },
    toData: (): Rehearsed => ({ stalls: [...stalls.values()], acks: acks.rows() }),
  };
}
