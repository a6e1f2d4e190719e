import type { Metrics } from "../observability/metrics.ts";
import type { Observer } from "../observability/observer.ts";
import type { HotReply, ShardsReply } from "../protocol/http.ts";
import type { ShardSet } from "../shards/shard-set.ts";
import type { Views } from "../topology/view.ts";

/** What pages and probes ask of the server, beside the chat. */
export interface Watch {
  readonly shards: ShardSet;
  readonly status: () => ShardsReply;
  readonly hot: () => HotReply;
  /** Distinct dialogs of the last closed window of ten seconds; null before there is one. */
  readonly distinctDialogs: () => number | null;
}

interface WatchParts {
  readonly node: number;
  readonly shards: ShardSet;
  readonly views: Views;
  readonly metrics: Pick<Metrics, "recipientsOffline">;
  readonly observer: Observer;
}

export function createWatch({ metrics, node, observer, shards, views }: WatchParts): Watch {
  return {
    shards,
    status: () => ({
      node,
      topology: views.current().topology,
      recipientsOffline: metrics.recipientsOffline(),
      shards: shards.all().map((shard) => shard.status()),
    }),
    hot: () => observer.hot(),
    distinctDialogs: () => observer.lastWindow()?.dialogs ?? null,
  };
}
