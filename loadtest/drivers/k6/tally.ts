/** What one VU counted of one shard in one second. Durations are whole microseconds, one entry per message. */
export interface ShardTally {
  acked: number;
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
export interface Tally {
  /** Whole seconds since the start of the schedule; negative while connecting. */
  second: number;
  planned: number;
  sent: number;
  refused: number;
  unknown: number;
  dropped: number;
  hotSent: number;
  delivered: number;
  offline: number;
  duplicated: number;
  reordered: number;
  connectionFailures: number;
  readonly errors: Record<string, number>;
  readonly shards: Record<string, ShardTally>;
  readonly sendLag: number[];
  readonly handlerLag: number[];
}

/** The whole numbers of a tally that are k6 counters too. */
export const TALLY_COUNTS = [
  "planned",
  "sent",
  "refused",
  "unknown",
  "dropped",
  "hotSent",
  "delivered",
  "offline",
  "duplicated",
  "reordered",
  "connectionFailures",
] as const satisfies readonly (keyof Tally)[];

export function createTally(second: number): Tally {
  return {
    second,
    planned: 0,
    sent: 0,
    refused: 0,
    unknown: 0,
    dropped: 0,
    hotSent: 0,
    delivered: 0,
    offline: 0,
    duplicated: 0,
    reordered: 0,
    connectionFailures: 0,
    errors: {},
    shards: {},
    sendLag: [],
    handlerLag: [],
  };
}

export function shardTally(tally: Tally, label: string): ShardTally {
  return (tally.shards[label] ??= {
    acked: 0,
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

/** One printed line: a tally, and at the end of a VU the messages whose outcome it never learned. */
export interface Line {
  readonly hotshard: 1;
  readonly vu: number;
  /** Epoch milliseconds of the start of the schedule. */
  readonly startAt: number;
  readonly tally: Tally;
  /** Present in the last line of a VU: [dialog, author, client id], at most 10,000. */
  readonly unknowns?: readonly (readonly [string, number, string])[];
  /** In the same line: gaps between sent messages by bin (`traffic/gap-bins.ts`). */
  readonly gaps?: readonly number[];
}
