import type { Exposition } from "./exposition.ts";
import type { PushCounts } from "./push-link.ts";
import { CONNECTION_STATES, HOT_RANKS, PUSH_RESULTS, type MetricName } from "./metric-names.ts";
import { readingOf, readingsOf } from "./series.ts";
import type { ShardDetail } from "./shard-detail.ts";

/** One shard as a scrape sees it. */
export interface ShardReading {
  readonly up: boolean;
  /** Open connections to its database. */
  readonly connections: number;
  readonly queueRows: number;
  readonly queueBytes: number;
  /** Age of the oldest message that is not answered yet, ms; 0 when there is none. */
  readonly queueAgeMs: number;
  readonly storedRows: number;
  readonly storedBytes: number;
}

export type ConnectionStates = Readonly<Record<(typeof CONNECTION_STATES)[number], number>>;

/** What the metrics read when they are scraped. */
export interface MetricSources {
  shard(index: number): ShardReading;
  connectionStates(): ConnectionStates;
  epoch(): number;
  /** Shares of the most frequent dialogs, descending. */
  hotShares(): readonly number[];
  logLines(): PushCounts;
  linesLost(): number;
  traces(): PushCounts;
  liveStreams(): number;
}

/** The metrics whose values others hold. */
export function registerGauges(exposition: Exposition, detail: ShardDetail, sources: MetricSources): void {
  readingOf(exposition, "chat_shards", () => detail.byShard.length);
  readingOf(exposition, "chat_topology_epoch", () => sources.epoch());
  registerShards(exposition, detail, sources);
  readingOf(exposition, "chat_connections", () => {
    const { closing, greeting, open } = sources.connectionStates();
    return greeting + open + closing;
  });
  const states = CONNECTION_STATES.map((state) => ({ state }));
  readingsOf(
    exposition,
    "chat_connections_by_state",
    states,
    (at) => sources.connectionStates()[CONNECTION_STATES[at]!],
  );
  let shares: readonly number[] = [];
  const ranks = HOT_RANKS.map((rank) => ({ rank }));
  readingsOf(exposition, "chat_hot_dialog_share", ranks, (index) => {
    if (index === 0) shares = sources.hotShares();
    return shares[index] ?? 0;
  });
  const results = PUSH_RESULTS.map((result) => ({ result }));
  readingsOf(exposition, "chat_log_lines_total", results, (index) => sources.logLines()[PUSH_RESULTS[index]!]);
  readingOf(exposition, "chat_log_lines_lost_total", () => sources.linesLost());
  readingsOf(exposition, "chat_traces_total", results, (index) => sources.traces()[PUSH_RESULTS[index]!]);
  readingOf(exposition, "chat_live_streams", () => sources.liveStreams());
}

function registerShards(exposition: Exposition, detail: ShardDetail, sources: MetricSources): void {
  const { byShard, coarse, coarseAt } = detail;
  const read = (name: MetricName, of: (shard: ShardReading) => number): void =>
    readingsOf(exposition, name, byShard, (index) => of(sources.shard(index)));
  const sum = (name: MetricName, of: (shard: ShardReading) => number): void =>
    readingsOf(exposition, name, coarse, (index) =>
      byShard.reduce((total, _, shard) => total + (coarseAt(shard) === index ? of(sources.shard(shard)) : 0), 0),
    );
  read("chat_shard_up", (shard) => (shard.up ? 1 : 0));
  read("chat_shard_stored_rows", (shard) => shard.storedRows);
  read("chat_shard_stored_bytes", (shard) => shard.storedBytes);
  sum("chat_pool_connections", (shard) => shard.connections);
  read("chat_writer_queue_rows", (shard) => shard.queueRows);
  sum("chat_writer_queue_bytes", (shard) => shard.queueBytes);
  read("chat_writer_queue_age_seconds", (shard) => shard.queueAgeMs / 1_000);
}
