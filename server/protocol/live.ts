import type { HotReply, OutShard } from "./http.ts";
import type { TopologyChange } from "./topology-change.ts";

/** One shard in the window of a snapshot. */
export interface LiveShard {
  readonly label: string;
  readonly state: "up" | "down";
  /** `takes`: new messages go there. `drained`: older ones are read there. `unused`: the topology does not name it. */
  readonly role: "takes" | "drained" | "unused";
  /** It was lost and is not yet back; seconds since then. */
  readonly out?: Pick<OutShard, "phase" | "reason"> & { readonly s: number };
  /** Rows committed since the server started. */
  readonly rows: number;
  /** Messages that came per second of the window: committed, refused and failed, and what the queue grew by. */
  readonly perS: number;
  /** Of the messages that came in the window for the shards that take new ones, 0…1; 0 for the others. */
  readonly share: number;
  /** Rows committed per second of the window. */
  readonly writtenPerS: number;
  readonly queueRows: number;
  /** Share of the window in which a commit was under way, 0…1. */
  readonly busy: number;
  /** Of the window's commits, interpolated inside the histogram's buckets; null when there were none. */
  readonly commitMs: { readonly p50: number; readonly p99: number } | null;
  /** Rows per second at saturation; null when too little was seen to tell. */
  readonly limitPerS: number | null;
}

/** A frequent dialog, and whether it has a place of its own. */
export type LiveDialog = HotReply["dialogs"][number] & {
  /** Where its new messages go by name: one shard that it is pinned to, or the parts of a split. */
  readonly placed?: readonly string[];
};

/** Messages that are on their way between shards. */
export interface LiveMove {
  /** `return`: what a shard that was lost holds is compared with the others. */
  readonly kind: "rebalance" | "return";
  /** First rows are copied, then removed where they were. */
  readonly phase: "copy" | "delete";
  /** The shard that returns. */
  readonly shard?: string;
  /** Rows that were looked at in this phase. */
  readonly seen: number;
  /** Rows that there are to look at, rows a second and seconds that are left; null when they cannot be said. */
  readonly of: number | null;
  readonly rowsPerS: number | null;
  readonly remainingS: number | null;
  /** Share of the time in which it works, 0 to 1: the rest is a pause for the sake of messages. */
  readonly duty: number | null;
}

/** How unevenly the messages of the window came for the shards. */
export interface LiveSkew {
  readonly maxOverMean: number;
  readonly effectiveShards: number;
  /** Max/mean that a perfect hash would give for as many dialogs: its mean, and what 99 of 100 stay below. */
  readonly noiseFloor: { readonly mean: number; readonly p99: number };
  /** The fullest shard. */
  readonly fullest: string;
  /** It is above what chance explains, and above the target of 1.25. */
  readonly burning: boolean;
}

/** `GET /v1/live` (server-sent events): `snapshot`, once a second. */
export interface LiveSnapshot {
  /** Snapshots computed since the server started, this one included. */
  readonly number: number;
  /** Unix seconds. */
  readonly second: number;
  /** Seconds that the figures look back on; 0 when nobody looked before. */
  readonly windowS: number;
  readonly epoch: number;
  /**
   * Shards that new messages may go to: those among which shares are fair. The others are there to be read, or not used
   * yet.
   */
  readonly writable: number;
  readonly connections: number;
  /** Messages that came per second of the window, for all shards. */
  readonly perS: number;
  /** Null when no message came. */
  readonly skew: LiveSkew | null;
  /** The first shard to saturate when all traffic grows alike; null when no limit is known. */
  readonly headroom: { readonly shard: string; readonly growthToLimit: number } | null;
  readonly shards: readonly LiveShard[];
  readonly hot: readonly LiveDialog[];
  /** Messages per second of each shard since the last snapshot, the newest column; empty when there is no last one. */
  readonly column: LiveColumn["perS"];
  /** The last changes of the topology, in the order of time. */
  readonly changes: readonly TopologyChange[];
  /** Null while no messages are moved. */
  readonly move: LiveMove | null;
}

/** `start`, the first event of a stream, and again when it has changed: what seldom does, and the heat strip so far. */
export interface LiveStart {
  readonly node: number;
  readonly placement: string;
  readonly shards: readonly { readonly label: string; readonly engine: string; readonly shaped: string | null }[];
  readonly columns: readonly LiveColumn[];
}

export interface LiveColumn {
  readonly second: number;
  /** Messages per second by the label of the shard. */
  readonly perS: Readonly<Record<string, number>>;
}

/** Columns of the heat strip: two and a half minutes. */
export const LIVE_COLUMNS = 150;
