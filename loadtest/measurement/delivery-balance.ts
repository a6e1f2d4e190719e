/**
 * Acknowledged less delivered messages by reader and time: what is left at the end was stored and did not arrive.
 * Author and reader may be in different processes, so both count, and the sum tells.
 */
export interface DeliveryBalance {
  /** Milliseconds of a bucket; buckets count from the start of the schedule by the message's intended moment. */
  readonly widthMs: number;
  /** [reader, bucket, acknowledged − delivered] where it is not 0. */
  readonly rows: readonly (readonly [number, number, number])[];
}

/** A reader without a connection, from its loss, or the start before its first one, to the next `welcome`. */
export interface Absence {
  readonly user: number;
  /** ms after the start of the schedule. */
  readonly fromMs: number;
  /** Null: it did not come back. */
  readonly untilMs: number | null;
}

export interface BalanceSheet {
  acknowledged(reader: number, at: number): void;
  delivered(reader: number, at: number): void;
  toData(): DeliveryBalance;
}

const MOST_BUCKETS = 64;
/** 16 MB of counts at most. */
const MOST_CELLS = 4_000_000;
const LEAST_WIDTH_MS = 1_000;

/**
 * @param online readers are users 1…online; others are not counted
 * @param scheduleMs length of the schedule; what is planned later counts to the last bucket
 */
export function createBalanceSheet(online: number, scheduleMs: number): BalanceSheet {
  const most = Math.max(1, Math.min(MOST_BUCKETS, Math.floor(MOST_CELLS / (online + 1))));
  const widthMs = Math.max(LEAST_WIDTH_MS, Math.ceil(scheduleMs / most));
  const buckets = Math.max(1, Math.ceil(scheduleMs / widthMs));
  const counts = new Int32Array((online + 1) * buckets);

  function add(reader: number, at: number, change: number): void {
    if (reader < 1 || reader > online) return;
    // To the microsecond, as a message's text has it: both sides must count into the same bucket.
    const due = Math.round(at * 1_000) / 1_000;
    const bucket = Math.min(buckets - 1, Math.max(0, Math.floor(due / widthMs)));
    counts[reader * buckets + bucket]! += change;
  }

  return {
    acknowledged: (reader, at) => add(reader, at, 1),
    delivered: (reader, at) => add(reader, at, -1),
    toData() {
      const rows: [number, number, number][] = [];
      counts.forEach((count, cell) => {
        if (count !== 0) rows.push([Math.floor(cell / buckets), cell % buckets, count]);
      });
      return { widthMs, rows };
    },
  };
}

/** The balance of all parts of one run together; every part has the same buckets. */
export function mergeBalances(parts: readonly DeliveryBalance[]): DeliveryBalance {
  const sums = new Map<string, [number, number, number]>();
  for (const { rows } of parts) {
    for (const [reader, bucket, count] of rows) {
      const key = `${reader} ${bucket}`;
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, [reader, bucket, count]);
      else sum[2] += count;
    }
  }
  return {
    widthMs: parts[0]?.widthMs ?? LEAST_WIDTH_MS,
    rows: [...sums.values()].filter(([, , count]) => count !== 0),
  };
}
