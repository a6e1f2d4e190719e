import type { LiveSources } from "../../../../server/edge/live/snapshot.ts";
import { SECONDS_BUCKETS } from "../../../../server/observability/weighted-histogram.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import type { HotReply, ShardsReply, ShardStatus, WriterTotals } from "../../../../server/protocol/http.ts";
import type { LiveMove } from "../../../../server/protocol/live.ts";
import type { TopologyChange } from "../../../../server/protocol/topology-change.ts";
import { changeTopology, type Change } from "../../../../server/topology/changes.ts";

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
  /** One more shard is there. */
  come(): void;
  /** One is there no more. */
  leave(shard: number): void;
  /** Changes the topology, and says so. */
  change(change: Change, words?: Partial<TopologyChange>): void;
  out(...out: NonNullable<ShardsReply["out"]>): void;
  move(move: LiveMove | null): void;
}

const NOTHING: WriterTotals = { commits: 0, rows: 0, seconds: 0, rowsSquared: 0, rowsSeconds: 0, maxRows: 200 };
const HOT: HotReply = {
  windowS: 60,
  messages: 1_000,
  absent: 1,
  dialogs: [{ rank: 1, dialog: "1_2", count: 400, countError: 1, share: 0.4, error: 0.001, shards: ["01"] }],
};

const label = (shard: number): string => String(shard).padStart(2, "0");

/** @param unused of the shards: the last ones, which the topology does not name */
export function fakeSources(shards: number, unused = 0): FakeSources {
  let looks = 0;
  let ms = 5_000;
  const meters = new Map<string, { commits: Float64Array; refused: number }>();
  let status: ShardStatus[] = [];
  function come(): void {
    const own = label(meters.size);
    meters.set(own, { commits: new Float64Array(SECONDS_BUCKETS.length + 1), refused: 0 });
    const shaped = meters.size === 1 ? { commitMs: 20, maxRows: 50 } : null;
    const idle = { durability: null, state: "up", queueRows: 0, writer: NOTHING } as const;
    status = [...status, { label: own, engine: "sqlite", shaped, ...idle }];
  }
  for (let shard = 0; shard < shards; shard++) come();
  const set = (shard: number, change: Partial<ShardStatus>): void => {
    status = status.map((one) => (one.label === label(shard) ? { ...one, ...change } : one));
  };
  const labels = status.map((one) => one.label).slice(0, shards - unused);
  let topology = { ...singleSegment({ labels, placement: "slots" }), epoch: 3 };
  let out: NonNullable<ShardsReply["out"]> = [];
  let changes: TopologyChange[] = [];
  let move: LiveMove | null = null;

  return {
    looks: () => looks,
    pass: (seconds) => void (ms += seconds * 1_000),
    now: () => ms,
    second: () => Math.floor(ms / 1_000),
    connections: () => 7,
    hot: () => HOT,
    distinctDialogs: () => null,
    meter: (of) => ({ commits: meters.get(of)!.commits, unstored: () => meters.get(of)!.refused }),
    moving: () => move,
    status() {
      looks += 1;
      return { node: 9, topology, recipientsOffline: 0, shards: status, out, changes };
    },
    commit(shard, n, rows, duration) {
      const { writer } = status.find((one) => one.label === label(shard))!;
      const seconds = duration / 1_000;
      const bucket = SECONDS_BUCKETS.findIndex((bound) => seconds <= bound);
      meters.get(label(shard))!.commits[bucket]! += n;
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
    refuse: (shard, messages) => void (meters.get(label(shard))!.refused += messages),
    queue: (shard, queueRows) => set(shard, { queueRows }),
    state: (shard, state) => set(shard, { state }),
    come,
    leave: (shard) => void (status = status.filter((one) => one.label !== label(shard))),
    change(change, words = {}) {
      if (change.do !== "remove")
        topology = changeTopology(topology, change, BigInt(topology.segments.at(-1)!.from) + 1n);
      const said = { at: ms, epoch: topology.epoch, kind: "split", words: change.do } as const;
      changes = [...changes, { ...said, ...words }];
    },
    out: (...lost) => void (out = lost),
    move: (next) => void (move = next),
  };
}
