import type { MessageOperation } from "../../../measurement/operations.ts";
import type { Absence, DeliveryBalance } from "../../../measurement/delivery-balance.ts";
import type { Rehearsed } from "../../../measurement/rehearsed.ts";
import { MESSAGE_COUNTS, messageCounts, type MessageCounts } from "../../../measurement/message-counts.ts";

/** What one VU counted of one shard in one second. Durations are whole microseconds, one entry per message. */
export interface ShardTally {
  acked: number;
  offline: number;
  /** Σ of the first 24 bits of md5(`dialog:author:client`). */
  sum: number;
  bytes: number;
  /** Deliveries of the warm-up: they draw the picture of the seconds, and are not judged. */
  readonly unjudged: number[];
  readonly innocent: number[];
  readonly hot: number[];
  readonly service: number[];
  readonly commit: number[];
}

/** What one VU counted in one second. JSON-able; the run is the sum of all. */
export interface Tally extends MessageCounts {
  /** Whole seconds since the start of the schedule; negative while connecting. */
  readonly second: number;
  connectionFailures: number;
  readonly errors: Record<string, number>;
  /** Messages that failed: [code, intended moment in ms, author, to, number]; number 0: never sent. */
  readonly failed: [string, number, number, number, number][];
  readonly shards: Record<string, ShardTally>;
  readonly sendLag: number[];
  readonly handlerLag: number[];
  /** How late actions of nothing were. */
  readonly floor: number[];
  /** Present when somebody wants them. */
  operations?: MessageOperation[];
}

/** The whole numbers of a tally that are k6 counters too. */
export const TALLY_COUNTS = [...MESSAGE_COUNTS, "connectionFailures"] as const;

export function createTally(second: number): Tally {
  return {
    ...messageCounts(() => 0),
    second,
    connectionFailures: 0,
    errors: {},
    failed: [],
    shards: {},
    sendLag: [],
    handlerLag: [],
    floor: [],
  };
}

export function shardTally(tally: Tally, label: string): ShardTally {
  return (tally.shards[label] ??= {
    acked: 0,
    offline: 0,
    sum: 0,
    bytes: 0,
    unjudged: [],
    innocent: [],
    hot: [],
    service: [],
    commit: [],
  });
}

/** A duration as tallies keep it. */
export function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}

/** First characters of a line that a VU prints for the driver. */
export const LINE_MARK = '{"hotshard":';

/** One printed line: a tally, and at the end of a VU what it knows only then. */
export interface Line {
  readonly hotshard: 1;
  readonly vu: number;
  /** Epoch milliseconds of the start of the schedule. */
  readonly startAt: number;
  readonly tally: Tally;
  /** Present in the last line of a VU. */
  readonly last?: LastWords;
}

/** What a VU knows at its end. */
export interface LastWords {
  /** Gaps between messages by bin (`traffic/gap-bins.ts`). */
  readonly gaps: readonly number[];
  readonly balance: DeliveryBalance;
  readonly absences: readonly Absence[];
  readonly rehearsed?: Rehearsed;
  /** The schedule ended before its time: at this second after its start. */
  readonly cutAtS?: number;
}
