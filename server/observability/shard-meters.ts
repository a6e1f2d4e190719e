import type { Exposition, Labels } from "./exposition.ts";
import { ALL_SHARDS, OPERATIONS, RESULTS, type MetricName } from "./metric-names.ts";
import { exemplarOf } from "./exemplar.ts";
import type { CommitReport, PlacedReading, ShardMeter } from "./probe.ts";
import { counterFamily, readingFamily, type Counter } from "./series.ts";
import { histogramFamily, SECONDS_BUCKETS, type Series } from "./weighted-histogram.ts";

/** Up to so many shards each has 89 series of its own. */
const MOST_IN_FULL = 16;
/** Reads have every third bound. */
const READ_BUCKETS = [0.001, 0.01, 0.1, 1, 5];
/** Bounds of commits that are shown of many shards: the alerts' 0.025 s, and a factor of four or five around it. */
const FEW_BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5];
const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const WAIT_BUCKETS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

type Operation = (typeof OPERATIONS)[number];

/** The series of all shards. */
export interface ShardMeters {
  /** Those of one more shard exist from now on, at 0. @param read what a scrape asks; null when it is gone */
  add(label: string, read: () => PlacedReading | null): ShardMeter;
}

interface MeterOptions {
  /** Shards at the start. */
  readonly shards: number;
  /** Of the stage `commit`, over all shards. */
  readonly stage: Series;
  /** False: an exemplar is set by a traced message alone. */
  readonly hasExamples: boolean;
}

/** What is counted of one shard and, when they are many, in part of all together. */
interface Parts {
  readonly operation: (op: Operation) => { readonly ok: Counter; readonly failed: Counter; readonly duration: Series };
  readonly batches: Series;
  readonly resends: Counter;
  readonly waits: Series;
}

/**
 * Every series of every shard while the shards are few; of many, up to 64, what alerts and skew need of each, so that a
 * process stays under 2,000 series. Which of the two is decided at the start: shards that come later do not change it.
 */
export function createShardMeters(exposition: Exposition, options: MeterOptions): ShardMeters {
  const isFull = options.shards <= MOST_IN_FULL;
  const messages = counterFamily(exposition, "chat_messages_total");
  const textBytes = counterFamily(exposition, "chat_shard_text_bytes_total");
  const busy = counterFamily(exposition, "chat_writer_busy_seconds_total");
  const partsOf = createParts(exposition, isFull);
  const readings = createReadings(exposition, isFull);

  return {
    add(shard, read) {
      const results = Object.fromEntries(
        RESULTS.map((result) => [result, messages({ shard, result })]),
      ) as unknown as Readonly<Record<(typeof RESULTS)[number], Counter>>;
      const own = { results, text: textBytes({ shard }), busy: busy({ shard }), ...partsOf(shard) };
      readings(shard, read);
      return meterOf(own, options);
    },
  };
}

type Own = Parts & {
  readonly results: Readonly<Record<(typeof RESULTS)[number], Counter>>;
  readonly text: Counter;
  readonly busy: Counter;
};

function meterOf(own: Own, { hasExamples, stage }: MeterOptions): ShardMeter {
  const { batches, busy, operation, resends, results, text, waits } = own;
  const inserts = operation("insert");

  function commit({ duplicates, example, ok, refused, rows, seconds, untried }: CommitReport): void {
    const exemplar = hasExamples ? exemplarOf(example) : undefined;
    inserts[ok ? "ok" : "failed"].value++;
    inserts.duration.observe(seconds, 1, exemplar);
    results.refused.value += refused + untried;
    if (!ok) {
      results.failed.value += rows - refused;
      return;
    }
    busy.value += seconds;
    batches.observe(rows);
    stage.observe(seconds, rows, exemplar);
    results.stored.value += rows - duplicates - refused;
    results.duplicate.value += duplicates;
  }

  return {
    commit,
    read(op, seconds, ok) {
      const reads = operation(op);
      reads[ok ? "ok" : "failed"].value++;
      reads.duration.observe(seconds);
    },
    waited: (seconds) => waits.observe(seconds),
    resent: () => void resends.value++,
    refused: (count) => void (results.refused.value += count),
    found: () => void results.duplicate.value++,
    text: (bytes) => void (text.value += bytes),
    traced(seconds, example) {
      const exemplar = exemplarOf(example);
      inserts.duration.observe(seconds, 0, exemplar);
      stage.observe(seconds, 0, exemplar);
    },
    commits: inserts.duration.counts,
    unstored: () => results.refused.value + results.failed.value,
  };
}

function createParts(exposition: Exposition, isFull: boolean): (shard: string) => Parts {
  const operations = counterFamily(exposition, "chat_shard_operations_total");
  const durations = histogramFamily(exposition, "chat_shard_operation_duration_seconds", {
    buckets: ({ op }) => (op === "insert" ? SECONDS_BUCKETS : READ_BUCKETS),
    shown: ({ op }) => (op !== "insert" ? READ_BUCKETS : isFull ? SECONDS_BUCKETS : FEW_BUCKETS),
  });
  const batches = histogramFamily(exposition, "chat_writer_batch_rows", { buckets: BATCH_BUCKETS });
  const resends = counterFamily(exposition, "chat_resends_total");
  const waits = histogramFamily(exposition, "chat_pool_wait_seconds", { buckets: WAIT_BUCKETS });
  const coarse = (of: Labels) => ({ batches: batches(of), resends: resends(of), waits: waits(of) });
  const counted = (labels: Labels, duration: Series) => ({
    ok: operations({ ...labels, result: "ok" }),
    failed: operations({ ...labels, result: "failed" }),
    duration,
  });
  if (isFull) {
    return (shard) => {
      const each = OPERATIONS.map((op) => [op, counted({ shard, op }, durations({ shard, op }))] as const);
      const byOperation = Object.fromEntries(each) as unknown as Readonly<
        Record<Operation, ReturnType<typeof counted>>
      >;
      return { operation: (op) => byOperation[op], ...coarse({ shard }) };
    };
  }
  const all = coarse({ shard: ALL_SHARDS });
  const allReads = durations({ shard: ALL_SHARDS, op: "read" });
  return (shard) => {
    const insert = counted({ shard, op: "insert" }, durations({ shard, op: "insert" }));
    const read = counted({ shard, op: "read" }, allReads);
    return { operation: (op) => (op === "insert" ? insert : read), ...all };
  };
}

type Read = () => PlacedReading | null;

/** What a scrape reads of the shards themselves. */
function createReadings(exposition: Exposition, isFull: boolean): (shard: string, read: Read) => void {
  const reads: Read[] = [];
  const add: ((shard: string, read: Read) => void)[] = [];
  const here = (): PlacedReading[] => reads.map((read) => read()).filter((reading) => reading !== null);
  const each = (name: MetricName, of: (shard: PlacedReading) => number): void => {
    const family = readingFamily(exposition, name);
    add.push((shard, read) => {
      family({ shard }, () => {
        const reading = read();
        return reading === null ? null : of(reading);
      });
    });
  };
  const eachOrSum = (name: MetricName, of: (shard: PlacedReading) => number): void => {
    if (isFull) return each(name, of);
    readingFamily(exposition, name)({ shard: ALL_SHARDS }, () => here().reduce((sum, reading) => sum + of(reading), 0));
  };
  readingFamily(exposition, "chat_shards")({}, () => here().length);
  each("chat_shard_up", ({ up }) => (up ? 1 : 0));
  eachOrSum("chat_shard_writable", ({ writable }) => (writable ? 1 : 0));
  eachOrSum("chat_shard_out", ({ out }) => (out ? 1 : 0));
  each("chat_shard_stored_rows", ({ storedRows }) => storedRows);
  eachOrSum("chat_shard_stored_bytes", ({ storedBytes }) => storedBytes);
  eachOrSum("chat_pool_connections", ({ connections }) => connections);
  each("chat_writer_queue_rows", ({ queueRows }) => queueRows);
  eachOrSum("chat_writer_queue_bytes", ({ queueBytes }) => queueBytes);
  each("chat_writer_queue_age_seconds", ({ queueAgeMs }) => queueAgeMs / 1_000);
  return (shard, read) => {
    reads.push(read);
    for (const one of add) one(shard, read);
  };
}

const nothing = (): void => {};

/** A meter that counts nothing: what measuring costs is measured against it. */
export function idleMeter(): ShardMeter {
  return {
    commit: nothing,
    read: nothing,
    waited: nothing,
    resent: nothing,
    refused: nothing,
    found: nothing,
    text: nothing,
    traced: nothing,
    commits: new Float64Array(SECONDS_BUCKETS.length + 1),
    unstored: () => 0,
  };
}
