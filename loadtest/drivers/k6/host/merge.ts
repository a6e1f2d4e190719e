import { mergeBalances, type Absence, type DeliveryBalance } from "../../../measurement/delivery-balance.ts";
import { createFailedLog } from "../../../measurement/failed-messages.ts";
import { addGapBins } from "../../../measurement/gap-bins.ts";
import { createHistogram, type Histogram } from "../../../measurement/histogram.ts";
import type { Measurement, Slice } from "../../../measurement/measurement.ts";
import { addUp } from "../../../measurement/merge-measurements.ts";
import { messageCounts } from "../../../measurement/message-counts.ts";
import type { CounterName } from "../../../measurement/metric-names.ts";
import { mergeRehearsed, type Rehearsed } from "../../../measurement/rehearsed.ts";
import { p99SoFar } from "../../../measurement/p99-so-far.ts";
import {
  createSecondTotal,
  createShardTotal,
  endSecond,
  shardMeasurement,
  type SecondTotal,
  type ShardTotal,
} from "../../../measurement/shard-total.ts";
import { createSliceKeeper } from "../../../measurement/slice-keeper.ts";
import type { Progress } from "../../contract.ts";
import type { Line, ShardTally, Tally } from "../script/tally.ts";

/** k6's own counters at the end of a run, by the names of `COUNTERS`. */
export type K6Counters = Readonly<Record<CounterName, number>>;

/** Adds up what the VUs printed, exactly; memory grows with shards and seconds. */
export interface Merge {
  readonly startAt: number | null;
  readonly sent: number;
  add(line: Line): void;
  ackedByShard(): Record<string, number>;
  /** As `p99SoFar`. */
  p99SoFar(): Pick<Progress, "p99Ms">;
  /** What is known until now, but for the CPU, and the whole seconds that its slices hold. */
  soFar(): { readonly measurement: Measurement; readonly elapsedS: number };
  /**
   * @param counters k6's own sums: they are handed on in place of the lines', so that a line that was lost shows as
   *   counters that contradict each other; null when k6 wrote none
   * @param cpu busy cores
   */
  finish(counters: K6Counters | null, cpu: number): Measurement;
}

const MS = 0.001;

/**
 * @param labels shards that are reported even if they get nothing
 * @param vus a second is complete when so many VUs are past it
 */
export function createMerge(labels: readonly string[], vus: number): Merge {
  const shards = new Map(labels.map((label) => [label, createShardTotal()]));
  const seconds = createSeconds(labels, vus);
  let counts = messageCounts(() => 0);
  let errors: Record<string, number> = {};
  const failed = createFailedLog();
  const balances: DeliveryBalance[] = [];
  const absences: Absence[] = [];
  const rehearsed: Rehearsed[] = [];
  const [sendLag, handlerLag, floor] = [createHistogram(), createHistogram(), createHistogram()];
  let gaps: readonly number[] = [];
  let startAt: number | null = null;
  let cutAtS: number | null = null;

  function add({ vu, tally, last, ...line }: Line): void {
    if (last !== undefined) {
      gaps = addGapBins([gaps, last.gaps]);
      balances.push(last.balance);
      absences.push(...last.absences);
      if (last.rehearsed !== undefined) rehearsed.push(last.rehearsed);
      if (last.cutAtS !== undefined) cutAtS = Math.max(cutAtS ?? 0, last.cutAtS);
    }
    startAt = line.startAt;
    counts = messageCounts((name) => counts[name] + tally[name]);
    errors = addUp([errors, tally.errors]);
    record(sendLag, tally.sendLag);
    record(handlerLag, tally.handlerLag);
    record(floor, tally.floor);
    for (const [label, shard] of Object.entries(tally.shards)) {
      let total = shards.get(label);
      if (total === undefined) shards.set(label, (total = createShardTotal()));
      addShard(total, shard);
    }
    for (const [code, at, author, to, seq] of tally.failed) failed.add({ code, at, author, to, seq });
    seconds.add(vu, tally, last !== undefined);
  }

  function measurement(counters: K6Counters | null, slices: Slice[], cpu: number): Measurement {
    return {
      driver: "k6",
      startedAt: new Date(startAt ?? Date.now()).toISOString(),
      interrupted: false,
      ...(cutAtS !== null && { cutAtS }),
      ...messageCounts((name) => (counters ?? counts)[name]),
      // k6 makes up for every moment that it missed; what it plans it tries to send.
      late: 0,
      failed: failed.toData(),
      balance: mergeBalances(balances),
      absences,
      ...mergeRehearsed(rehearsed),
      errors,
      shards: Object.fromEntries([...shards].map(([label, shard]) => [label, shardMeasurement(shard)])),
      slices,
      generator: { sendLag: sendLag.toData(), handlerLag: handlerLag.toData(), floor: floor.toData(), cpu, gaps },
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
    p99SoFar: () => p99SoFar(sendLag, [...shards.values()]),
    soFar: () => ({ measurement: measurement(null, seconds.slices(), 0), elapsedS: seconds.closed() }),
    finish: (counters, cpu) => measurement(counters, seconds.end(), cpu),
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

function record(histogram: Histogram, microseconds: readonly number[]): void {
  for (const value of microseconds) histogram.record(value * MS);
}

/** Slices of seconds: a second is made into one when every VU is past it, so that few histograms are alive. */
function createSeconds(labels: readonly string[], vus: number) {
  const open = new Map<number, Map<string, SecondTotal>>();
  const reached = new Map<number, number>();
  const keeper = createSliceKeeper();
  let next = 0;
  let latest = -1;

  function closeBefore(second: number): void {
    for (; next < second; next += 1) {
      const totals = open.get(next);
      open.delete(next);
      const names = new Set([...labels, ...(totals?.keys() ?? [])]);
      for (const shard of names) keeper.add(endSecond(totals?.get(shard) ?? createSecondTotal(), next, shard));
    }
  }

  return {
    add(vu: number, tally: Tally, isLast: boolean): void {
      latest = Math.max(latest, tally.second);
      reached.set(vu, isLast ? Number.POSITIVE_INFINITY : tally.second + 1);
      for (const [label, shard] of Object.entries(tally.shards)) {
        let totals = open.get(tally.second);
        if (totals === undefined) open.set(tally.second, (totals = new Map()));
        let total = totals.get(label);
        if (total === undefined) totals.set(label, (total = createSecondTotal()));
        total.acked += shard.acked;
        record(total.warmup, shard.unjudged);
        record(total.delivery, shard.innocent);
        record(total.delivery, shard.hot);
        record(total.commit, shard.commit);
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
