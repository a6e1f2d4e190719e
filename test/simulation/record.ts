import type { HistoryMessage } from "../../server/protocol/frames.ts";

/** A message as its author knows it. */
export interface Sent {
  readonly dialog: string;
  readonly author: number;
  readonly client: string;
  /** When it was first sent, on the timeline. */
  readonly at: number;
  /** When its first acknowledgment came; null before. */
  ackedAt: number | null;
  /** Every id under which it was acknowledged, in order. */
  readonly ids: string[];
}

/** One page that was read. */
export interface PageRead {
  readonly dialog: string;
  readonly by: string;
  readonly startedAt: number;
  /** Messages with smaller ids were asked for; null: all. */
  readonly before: string | null;
  readonly messages: readonly HistoryMessage[];
  readonly stable: string;
  readonly next: string | null;
  readonly partial: readonly string[];
  /**
   * Its server did not know the newest topology yet, and a shard that it asked was not sealed for that, as it could not
   * be reached then: the one gap of rule E (docs/topology.md).
   */
  readonly isBlind: boolean;
}

/** All that clients saw. */
export interface Record {
  readonly sent: Sent[];
  readonly pages: PageRead[];
  /** Messages that came by themselves. */
  readonly live: { readonly dialog: string; readonly author: number; readonly client: string; readonly id: string }[];
}
