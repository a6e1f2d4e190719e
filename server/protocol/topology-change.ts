/** What a change of the topology does. */
export const CHANGE_KINDS = [
  "add",
  "drain",
  "remove",
  "pin",
  "split",
  "merge",
  "placement",
  "take_out",
  "put_back",
  "rebalance",
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A change of the topology that a server has followed. Max/mean is that of new messages over the shards that take them. */
export interface TopologyChange {
  /** When this server followed, Unix ms. */
  readonly at: number;
  readonly epoch: number;
  readonly kind: ChangeKind;
  /** In a few words: `split 1_2 over 3 shards`. */
  readonly words: string;
  /** Max/mean as whoever made the change has forecast it; absent where that was another server, or the failure detector. */
  readonly forecast?: { readonly before: number; readonly after: number };
  /** Max/mean of the last ten seconds with messages before it; absent when there were none. */
  readonly before?: number;
  /** What came true, half a minute later. */
  readonly came?: {
    readonly after: number;
    /** Changes that came in between, whose work this is too. */
    readonly others: number;
  };
  /** What became of a shard that was lost, or that came back. */
  readonly afterwards?: string;
}
