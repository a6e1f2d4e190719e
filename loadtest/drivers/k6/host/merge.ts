import { mergeBalances, type Absence, type DeliveryBalance } from "../../../measurement/delivery-balance.ts";
import { createFailedLog } from "../../../measurement/failed-messages.ts";
import { addGapBins } from "../../../measurement/gap-bins.ts";
import type { Histogram } from "../../../measurement/histogram.ts";
import { createHistogram } from "../../../measurement/histogram.ts";
import { packHistogram } from "../../../measurement/packed-histogram.ts";
import type { Progress } from "../../contract.ts";
import type { Measurement, ShardMeasurement, Slice } from "../../../measurement/measurement.ts";
import type { COUNTERS } from "../../../measurement/metric-names.ts";
import type { Line, ShardTally, Tally } from "../script/tally.ts";
import { TALLY_COUNTS } from "../script/tally.ts";
import { p99SoFar } from "../../../measurement/p99-so-far.ts";
import { createSliceKeeper } from "../../../measurement/slice-keeper.ts";

/** k6's own counters at the end of a run, by the names of `COUNTERS`. */
export type K6Counters = Readonly<Record<keyof typeof COUNTERS, number>>;

type Merged = Pick<
  Measurement,
  | "planned"
  | "sent"
  | "refused"
  | "unknown"
  | "notConnected"
  | "failed"
  | "balance"
  | "absences"
  | "errors"
  | "hotOffered"
  | "delivered"
  | "offline"
  | "duplicated"
  | "reordered"
  | "shards"
  | "slices"
> & {
  readonly sendLag: Histogram;
  readonly handlerLag: Histogram;
  readonly floor: Histogram;
  readonly gaps: readonly number[];
  readonly cutAtS?: number;
};

/** Adds up what the VUs printed, exactly; memory grows with shards and seconds. */
export interface Merge {
  readonly startAt: number | null;
  readonly sent: number;
  add(line: Line): void;
  ackedByShard(): Record<string, number>;
  /** As `p99SoFar`. */
  p99SoFar(): Pick<Progress, "p99Ms">;
  /** What is known until now, and the whole seconds that its slices hold. */
  soFar(): { readonly merged: Merged; readonly elapsedS: number };
  /**
   * @param counters k6's own sums: they are handed on in place of the lines', so that a line that was lost shows as
   *   counters that contradict each other; null when k6 wrote none
   */
  finish(counters: K6Counters | null): Merged;
}

const MS = 0.001;

/**
 * @param labels shards that are reported even if they get nothing
 * @param vus a second is complete when so many VUs are past it
 */
export function createMerge(labels: readonly string[], vus: number): Merge {
  const shards = new Map(labels.map((label) => [label, createShard()]));
  const seconds = createSeconds(labels, vus);
  const counts = Object.fromEntries(TALLY_COUNTS.map((name) => [name, 0])) as Record<
    (typeof TALLY_COUNTS)[number],
    number
  >;
  const errors: Record<string, number> = {};
  const failed = createFailedLog();
  const balances: DeliveryBalance[] = [];
  const absences: Absence[] = [];
  const sendLag = createHistogram();
  const handlerLag = createHistogram();
  const floor = createHistogram();
  let gaps: readonly number[] = [];
  let startAt: number | null = null;
  let cutAtS: number | null = null;

  function add({ vu, tally, last, ...line }: Line): void {
    if (last !== undefined) {
      gaps = addGapBins([gaps, last.gaps]);
      balances.push(last.balance);
      absences.push(...last.absences);
      if (last.cutAtS !== undefined) cutAtS = Math.max(cutAtS ?? 0, last.cutAtS);
    }
    startAt = line.startAt;
    for (const name of TALLY_COUNTS) counts[name] += tally[name];
    for (const [code, count] of Object.entries(tally.errors)) errors[code] = (errors[code] ?? 0) + count;
    record(sendLag, tally.sendLag);
    record(handlerLag, tally.handlerLag);
    record(floor, tally.floor);
    for (const [label, shard] of Object.entries(tally.shards)) {
      let total = shards.get(label);
      if (total === undefined) shards.set(label, (total = createShard()));
      addShard(total, shard);
    }
    for (const [code, at, author, to, seq] of tally.failed) failed.add({ code, at, author, to, seq });
    seconds.add(vu, tally, last !== undefined);
  }

  function merged(counters: K6Counters | null, slices: Slice[]): Merged {
    const { connectionFailures: _, ...sums } = { ...counts, ...(counters && pick(counters)) };
    return {
      ...sums,
      failed: failed.toData(),
      balance: mergeBalances(balances),
      absences,
      errors,
      shards: Object.fromEntries([...shards].map(([label, shard]) => [label, measurementOf(shard)])),
      slices,
      sendLag,
      handlerLag,
      floor,
      gaps,
      ...(cutAtS !== null && { cutAtS }),
    };
  }

  return {
    get startAt() {
      return startAt;
    },
    get sent() {
      return counts.sent;
    },
    add,
    ackedByShard: () => Object.fromEntries([...shards].map(([label, shard]) => [label, shard.acked])),
    p99SoFar: () =>
      p99SoFar(
        sendLag,
        [...shards.values()].map(({ delivery }) => delivery),
      ),
    soFar: () => ({ merged: merged(null, seconds.slices()), elapsedS: seconds.closed() }),
    finish: (counters) => merged(counters, seconds.end()),
  };
}

function pick(counters: K6Counters): Record<(typeof TALLY_COUNTS)[number], number> {
  return Object.fromEntries(TALLY_COUNTS.map((name) => [name, counters[name]])) as Record<
    (typeof TALLY_COUNTS)[number],
    number
  >;
}

interface ShardTotal {
  acked: number;
  offline: number;
  sum: number;
  bytes: number;
  readonly delivery: Histogram;
  readonly service: Histogram;
  readonly innocent: Histogram;
  readonly commit: Histogram;
}

function createShard(): ShardTotal {
  return {
    acked: 0,
    offline: 0,
    sum: 0,
    bytes: 0,
    delivery: createHistogram(),
    service: createHistogram(),
    innocent: createHistogram(),
    commit: createHistogram(),
  };
}

function addShard(total: ShardTotal, shard: ShardTally): void {
  total.acked += shard.acked;
  total.offline += shard.offline;
  total.sum += shard.sum;
  total.bytes += shard.bytes;
  record(total.delivery, shard.innocent);
  record(total.delivery, shard.hot);
  record(total.innocent, shard.innocent);
  record(total.service, shard.service);
  record(total.commit, shard.commit);
}

function measurementOf({ acked, offline, sum, bytes, ...times }: ShardTotal): ShardMeasurement {
  const { delivery, service, innocent, commit } = times;
  return {
    acked,
    offline,
    sum,
    bytes,
    delivery: delivery.toData(),
    service: service.toData(),
    innocent: innocent.toData(),
    commit: commit.toData(),
  };
}

function record(histogram: Histogram, microseconds: readonly number[]): void {
  for (const value of microseconds) histogram.record(value * MS);
}

interface Cell {
  acked: number;
  readonly warmup: Histogram;
  readonly delivery: Histogram;
  readonly commit: Histogram;
}

const createCell = (): Cell => ({
  acked: 0,
  warmup: createHistogram(),
  delivery: createHistogram(),
  commit: createHistogram(),
});

/** Slices of seconds: a second is made into one when every VU is past it, so that few histograms are alive. */
function createSeconds(labels: readonly string[], vus: number) {
  const open = new Map<number, Map<string, Cell>>();
  const reached = new Map<number, number>();
  const keeper = createSliceKeeper();
  let next = 0;
  let latest = -1;

  function closeBefore(second: number): void {
    for (; next < second; next += 1) {
      const cells = open.get(next);
      open.delete(next);
      const names = new Set([...labels, ...(cells?.keys() ?? [])]);
      for (const shard of names) {
        const { acked, warmup, delivery, commit } = cells?.get(shard) ?? createCell();
        keeper.add({
          second: next,
          shard,
          acked,
          warmup: packHistogram(warmup.toData()),
          delivery: packHistogram(delivery.toData()),
          commit: packHistogram(commit.toData()),
        });
      }
    }
  }

  return {
    add(vu: number, tally: Tally, isLast: boolean): void {
      latest = Math.max(latest, tally.second);
      reached.set(vu, isLast ? Number.POSITIVE_INFINITY : tally.second + 1);
      for (const [label, shard] of Object.entries(tally.shards)) {
        let cells = open.get(tally.second);
        if (cells === undefined) open.set(tally.second, (cells = new Map()));
        let cell = cells.get(label);
        if (cell === undefined) cells.set(label, (cell = createCell()));
        cell.acked += shard.acked;
        record(cell.warmup, shard.unjudged);
        record(cell.delivery, shard.innocent);
        record(cell.delivery, shard.hot);
        record(cell.commit, shard.commit);
      }
      if (reached.size >= vus) closeBefore(Math.min(latest, ...reached.values()));
    },
    slices: (): Slice[] => keeper.slices(),
    /** Seconds that have become slices. */
    closed: () => next,
    end(): Slice[] {
      closeBefore(latest + 1);
      return keeper.slices();
    },
  };
}
