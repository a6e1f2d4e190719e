import type { LiveSources } from "../../../../server/edge/live/snapshot.ts";
import { SECONDS_BUCKETS } from "../../../../server/observability/weighted-histogram.ts";
import type { HotReply, ShardStatus, WriterTotals } from "../../../../server/protocol/http.ts";

/** A server's counters under a clock that a test sets. */
export interface FakeSources extends LiveSources {
  /** How often the shards were looked at. */
  looks(): number;
  pass(seconds: number): void;
  /** Commits that began and ended; each of `rows` rows and `ms` milliseconds. */
  commit(shard: number, commits: number, rows: number, ms: number): void;
  queue(shard: number, rows: number): void;
  refuse(shard: number, messages: number): void;
  state(shard: number, state: "up" | "down"): void;
}

const NOTHING: WriterTotals = { commits: 0, rows: 0, seconds: 0, rowsSquared: 0, rowsSeconds: 0, maxRows: 200 };
const HOT: HotReply = {
  windowS: 60,
  messages: 1_000,
  absent: 1,
  dialogs: [{ rank: 1, dialog: "1_2", count: 400, countError: 1, share: 0.4, error: 0.001, shards: ["01"] }],
};

/** @param unused of the shards: the last ones, which the topology does not name */
export function fakeSources(shards: number, unused = 0): FakeSources {
  let looks = 0;
  let ms = 5_000;
  const commits = Array.from({ length: shards }, () => new Float64Array(SECONDS_BUCKETS.length + 1));
  const unstored = new Float64Array(shards);
  const status = Array.from({ length: shards }, (_, i): ShardStatus => ({
    label: String(i).padStart(2, "0"),
    engine: "sqlite",
    durability: null,
    shaped: i === 0 ? { commitMs: 20, maxRows: 50 } : null,
    state: "up",
    queueRows: 0,
    writer: NOTHING,
  }));
  const set = (shard: number, change: Partial<ShardStatus>): void => {
    status[shard] = { ...status[shard]!, ...change };
  };
  const labels = status.map(({ label }) => label).slice(0, shards - unused);
  const topology = {
    epoch: 3,
    shards: labels,
    segments: [{ from: "0", placement: "slots", shards: labels.map((label) => ({ label, weight: 1 })), overrides: [] }],
  };

  return {
    looks: () => looks,
    pass: (seconds) => void (ms += seconds * 1_000),
    now: () => ms,
    second: () => Math.floor(ms / 1_000),
    connections: () => 7,
    hot: () => HOT,
    distinctDialogs: () => null,
    meter: (label) => ({ commits: commits[Number(label)]!, unstored: () => unstored[Number(label)]! }),
    status() {
      looks += 1;
      return { node: 9, topology, recipientsOffline: 0, shards: [...status] };
    },
    commit(shard, n, rows, duration) {
      const { writer } = status[shard]!;
      const seconds = duration / 1_000;
      const bucket = SECONDS_BUCKETS.findIndex((bound) => seconds <= bound);
      commits[shard]![bucket]! += n;
      set(shard, {
        writer: {
          commits: writer.commits + n,
          rows: writer.rows + n * rows,
          seconds: writer.seconds + n * seconds,
          rowsSquared: writer.rowsSquared + n * rows * rows,
          rowsSeconds: writer.rowsSeconds + n * rows * seconds,
          maxRows: 200,
        },
      });
    },
    refuse: (shard, messages) => void (unstored[shard]! += messages),
    queue: (shard, queueRows) => set(shard, { queueRows }),
    state: (shard, state) => set(shard, { state }),
  };
}
