import type { HistoryMessage } from "./frames.ts";
import type { Topology } from "../placement/contract.ts";
import type { TopologyChange } from "./topology-change.ts";

/**
 * Sums over the commits of one shard's writer since the server started. They give the busy share of the writer
 * (Δseconds ÷ wall time) and, by least squares, seconds = a + b·rows, from which follows its rate at saturation.
 */
export interface WriterTotals {
  readonly commits: number;
  readonly rows: number;
  /** Σ duration. */
  readonly seconds: number;
  /** Σ duration²: how much commits differ; absent from servers of early versions. */
  readonly secondsSquared?: number;
  /** Σ rows². */
  readonly rowsSquared: number;
  /** Σ rows × duration. */
  readonly rowsSeconds: number;
  /** Most rows that one commit may hold. */
  readonly maxRows: number;
}

/** A time in which a shard could not be written to. */
export interface ShardOutage {
  /** Unix ms, by the server's clock. */
  readonly from: number;
  /** Null: it still lasts. */
  readonly until: number | null;
  /** What its database said, in a line without passwords or texts of messages. */
  readonly reason: string;
}

export interface ShardStatus {
  readonly label: string;
  readonly engine: "sqlite" | "mysql";
  readonly durability: { readonly crashSafe: boolean; readonly settings: string } | null;
  readonly shaped: {
    readonly commitMs: number;
    readonly maxRows: number | null;
    /** The shard is lost while this file exists; absent: never. */
    readonly lostWhile?: string;
  } | null;
  readonly state: "up" | "down";
  readonly queueRows: number;
  /** What it held when it was last looked at; absent from servers of early versions. */
  readonly stored?: { readonly rows: number; readonly bytes: number };
  readonly writer: WriterTotals;
  /** The latest since the server started, at most 20, in the order of time; absent from servers of early versions. */
  readonly outages?: readonly ShardOutage[];
}

/** `GET /v1/shards` (admin). */
export interface ShardsReply {
  readonly node: number;
  readonly topology: Topology;
  /** Recipients without a connection, since the server started. */
  readonly recipientsOffline: number;
  readonly shards: readonly ShardStatus[];
  /** Shards that were lost and are not yet back; absent from servers of early versions. */
  readonly out?: readonly OutShard[];
  /** The last 20 changes that this server has followed, in the order of time; absent from servers of early versions. */
  readonly changes?: readonly TopologyChange[];
}

/** A shard that was lost: new messages go elsewhere. */
export interface OutShard {
  readonly label: string;
  /** `lost`: nobody asks it. `returning`: it takes messages again, and its history is not shown yet. */
  readonly phase: "lost" | "returning";
  /** Unix ms, by the state's clock. */
  readonly since: number;
  /** In a line. */
  readonly reason: string;
}

/** `GET /v1/audit?run=ID` (admin). */
export interface AuditReply {
  readonly run: string;
  readonly shards: readonly { readonly shard: string; readonly rows: number; readonly sum: number }[];
}

/**
 * `GET /v1/audit/dialogs?run=ID` (admin): a dialog once for every shard, segment of the topology and time bucket in
 * which it has messages.
 */
export interface AuditDialogsReply {
  readonly run: string;
  readonly dialogs: readonly {
    readonly shard: string;
    readonly dialog: string;
    readonly count: number;
    /** Index of the segment that placed them, by their ids; absent from servers of early versions. */
    readonly segment?: number;
    /** Number of the time bucket, as the placement counts them; 0 unless the segment places by time. */
    readonly bucket?: number;
  }[];
}

/** `GET /v1/audit/message?dialog=…&author=…&client=…` (admin). */
export interface AuditMessageReply {
  /** Message id, or null when no shard has it. */
  readonly message: string | null;
  readonly shard: string | null;
}

/** `GET /v1/dialogs/:id/messages?before=…&limit=…` (a member of the dialog, or admin). */
export interface DialogReply {
  readonly dialog: string;
  readonly messages: readonly HistoryMessage[];
  readonly stable: string;
  readonly next?: string;
  readonly partial?: readonly string[];
}

/**
 * `GET /v1/hot` (admin): the most frequent dialogs of this node in its last minute. Replies of several nodes add up: a
 * dialog that one of them does not name has at most `absent` messages there.
 */
export interface HotReply {
  /** Length of the window; the part of it that fills is up to ten seconds shorter. */
  readonly windowS: number;
  readonly messages: number;
  /** No dialog that is not named has more messages. */
  readonly absent: number;
  readonly dialogs: readonly {
    readonly rank: number;
    readonly dialog: string;
    /** Messages: at most so many, and at least `countError` fewer. */
    readonly count: number;
    readonly countError: number;
    readonly share: number;
    /** Largest possible overestimate of the share. */
    readonly error: number;
    readonly shards: readonly string[];
  }[];
}
