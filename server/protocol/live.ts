import type { HotReply } from "./http.ts";

/** One shard in the window of a snapshot. */
export interface LiveShard {
  readonly label: string;
  readonly state: "up" | "down";
  /** Rows committed since the server started. */
  readonly rows: number;
  /** Messages that came per second of the window: committed, refused and failed, and what the queue grew by. */
  readonly perS: number;
  /** Of the messages that came for all shards in the window, 0…1; 0 when there were none. */
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
  readonly hot: HotReply["dialogs"];
  /** Messages per second of each shard since the last snapshot, the newest column; empty when there is no last one. */
  readonly column: readonly number[];
}

/** `start`, the first event of a stream: what does not change, and the heat strip so far. */
export interface LiveStart {
  readonly node: number;
  readonly placement: string;
  readonly shards: readonly { readonly label: string; readonly engine: string; readonly shaped: string | null }[];
  readonly columns: readonly LiveColumn[];
}

export interface LiveColumn {
  readonly second: number;
  /** Messages per second by shard. */
  readonly perS: readonly number[];
}

/** Columns of the heat strip: two and a half minutes. */
export const LIVE_COLUMNS = 150;
