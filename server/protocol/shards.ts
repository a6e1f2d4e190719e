/** What an operator may ask of the shards. */
export type ChangeRequest =
  /** A new, empty database. */
  | { readonly do: "add"; readonly url: string }
  /** New messages go to the others; what it holds stays readable. */
  | { readonly do: "drain"; readonly shard: string }
  /** One that was drained takes new messages again. */
  | { readonly do: "put-back"; readonly shard: string }
  /** One that owns no message any more leaves the system. */
  | { readonly do: "remove"; readonly shard: string }
  | {
      readonly do: "pin";
      readonly dialog: string;
      readonly shard: string;
      /** Of all messages, 0 to 1: how much less of the others the shard gets; absent: what the last minute shows. */
      readonly share?: number;
    }
  | { readonly do: "split"; readonly dialog: string; readonly parts: number }
  | { readonly do: "merge"; readonly dialog: string }
  | { readonly do: "placement"; readonly placement: string };

/** Body of `POST /v1/shards/changes` (admin). */
export interface ChangeBody {
  readonly change: ChangeRequest;
  /** The change is refused unless this is the topology's epoch. */
  readonly epoch?: number;
  /** Judge and forecast it, and change nothing. */
  readonly dryRun?: boolean;
}

/** Its answer. */
export interface ChangeReply {
  /** Of the topology now. */
  readonly epoch: number;
  readonly applied: boolean;
  readonly forecast: Forecast;
  /** Of `add`: the label that the new shard has, or would get. */
  readonly shard?: string;
}

/** What a change of the topology would bring. */
export interface Forecast {
  /** Share of the keys whose new messages get another shard, 0 to 1. */
  readonly movedShare: number;
  /** The least that must move for the weights to be what they then are. */
  readonly idealShare: number;
  /** Of new messages, over the shards that take writes. */
  readonly maxOverMean: { readonly before: number; readonly after: number };
  /** What a rebalance would then move; at most so much if several closed segments wait for it. */
  readonly rows: number;
  readonly bytes: number;
  /** Time that it would take without a throttle. */
  readonly seconds: number;
  readonly rowsPerS: number;
  /** What an operator should know beside the figures. */
  readonly notes: readonly string[];
}

/** Body of `POST /v1/shards/rebalance` (admin). */
export interface RebalanceBody {
  /** Forecast it, and move nothing. */
  readonly dryRun?: boolean;
  /** False: as fast as it goes, whatever that does to the latency of messages. Default true. */
  readonly throttle?: boolean;
}

/** Its answer: the work has begun, and goes on in the server. */
export interface RebalanceReply {
  readonly applied: boolean;
  readonly forecast: Forecast;
}

/** `GET /v1/shards/rebalance` (admin), also the answer of `DELETE`, which ends what this server moves. */
export interface MoveStatus {
  readonly epoch: number;
  /** Closed segments that wait for a rebalance. */
  readonly waiting: number;
  /** What is being moved, or was left half-way; null when nothing is. */
  readonly work: MoveWork | null;
  /** How the last rebalance of this server ended; null when there was none. */
  readonly last: MoveEnd | null;
}

export interface MoveWork {
  readonly kind: "rebalance" | "return";
  /** First rows are copied, then removed where they were. */
  readonly phase: "copy" | "delete";
  /** The shard that returns. */
  readonly shard?: string;
  /** The server that does it, or did. */
  readonly node: number;
  /** False: it was stopped, or its server died; begun again it goes on from there. */
  readonly active: boolean;
  /** Unix ms. */
  readonly since: number;
  /** Rows that were looked at in this phase, and of these moved or removed. */
  readonly seen: number;
  readonly moved: number;
  /** Rows that there are to look at; null when it is another server's work, or cannot be said. */
  readonly of: number | null;
  readonly rowsPerS: number | null;
  /** Until the end of this phase. */
  readonly remainingS: number | null;
  /** Share of the time in which it works, 0 to 1: the rest is a pause for the sake of messages. */
  readonly duty: number | null;
}

export interface MoveEnd {
  /** Unix ms. */
  readonly at: number;
  /** Rows that were copied, removed, and left where they are because their owner has no equal one. */
  readonly moved?: { readonly copied: number; readonly removed: number; readonly kept: number };
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * `GET /v1/shards/verify` (admin) answers lines of JSON: how far it is, about once a second, and at the end what was
 * found, or why nothing was.
 */
export type VerifyLine =
  | { readonly seen: number; readonly of: number }
  | { readonly found: Verification }
  | { readonly error: { readonly code: string; readonly retryable: boolean; readonly message: string } };

/** What the shards hold against what the topology says. */
export interface Verification {
  readonly epoch: number;
  readonly messages: number;
  readonly dialogs: number;
  readonly shards: readonly VerifiedShard[];
  /** Shards that did not answer: what is said of the others is not complete. */
  readonly unreachable: readonly string[];
  /** Messages of which two shards hold different versions. */
  readonly differing: number;
  /** Messages that are stored under two ids: with the same dialog, author and client id. */
  readonly twins: number;
  /** The first of each kind. */
  readonly examples: readonly MisplacedMessage[];
  /** Every message is on its owner, once, and nothing else is anywhere. */
  readonly match: boolean;
}

export interface VerifiedShard {
  readonly shard: string;
  readonly rows: number;
  /** Messages that belong to another shard, which does not have them. */
  readonly misplaced: number;
  /** The same where the owner has them too: what a rebalance left behind. */
  readonly copies: number;
  /** Σ of all rows there, as its database computes it (`Digest`), hexadecimal: the same for a shard and a true copy. */
  readonly digest: string;
}

export interface MisplacedMessage {
  readonly fault: "misplaced" | "copy" | "differing" | "twin";
  readonly dialog: string;
  readonly message: string;
  /** Where it is. */
  readonly shard: string;
  /** Where it belongs. */
  readonly owner: string;
}
