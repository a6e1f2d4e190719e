import type { Batch, Failed } from "./row-queue.ts";

/** Nothing was queued. */
export const REFUSED = {
  stopping: { error: "SHUTTING_DOWN", detail: "the server is stopping" },
  down: { error: "SHARD_UNAVAILABLE", detail: "the shard is down" },
  full: { error: "OVERLOADED", detail: "its queue is full" },
} as const satisfies Record<string, Failed>;

/** Rows of a commit that failed. */
export const LOST: Failed = { error: "SHARD_UNAVAILABLE", detail: "the commit failed" };
/** Rows that waited behind it. */
export const UNTRIED: Failed = { error: "SHARD_UNAVAILABLE", detail: "the shard went down before the commit" };

/** Rows of a commit that did not fail. */
export const NOT_STORED = {
  refused: { error: "UNSTORABLE", detail: "its database refuses this message" },
  fenced: { error: "STALE_TOPOLOGY", detail: "this server may no longer write there" },
} as const satisfies Record<string, Failed>;

/** Answers every row of a batch alike. @param at when the rows stopped waiting */
export function failAll({ origins, since }: Batch, failure: Failed, at: number): void {
  for (const [i, origin] of origins.entries()) origin.settle({ ...failure, queueMs: at - since[i]! });
}
