import type { RowKey, Topology } from "../placement/contract.ts";
import { compileTopology } from "../placement/router.ts";
import type { ShardSet } from "../shards/shard-set.ts";
import type { Shard } from "../shards/shard.ts";

/** One epoch of the topology with the shards that it names. It never changes: who holds one holds all of it. */
export interface View {
  readonly topology: Topology;
  /** Where a row belongs. */
  place(key: RowKey): Shard;
  /** Every shard that may hold messages of the dialog: what a read must ask. */
  ownersOf(dialog: string): readonly Shard[];
  /** Every shard where a retry of the author's message may find its first try. */
  triesOf(dialog: string, author: number, client: string): readonly Shard[];
}

/** The view that holds now. */
export interface Views {
  current(): View;
  /**
   * Takes the next topology. @throws when it names a shard that is not in the set, or its epoch is not above the last
   */
  publish(topology: Topology): View;
  /** @param run is called after each change. @returns ends that */
  onChange(run: (view: View) => void): () => void;
}

/** @param shards has every shard that the topology names */
export function createViews(topology: Topology, shards: Pick<ShardSet, "get">): Views {
  const listeners = new Set<(view: View) => void>();
  let view = createView(topology, shards);
  return {
    current: () => view,
    publish(next) {
      const { epoch } = view.topology;
      if (next.epoch <= epoch) throw new Error(`epoch ${next.epoch} does not follow epoch ${epoch}`);
      view = createView(next, shards);
      for (const run of listeners) run(view);
      return view;
    },
    onChange(run) {
      listeners.add(run);
      return () => void listeners.delete(run);
    },
  };
}

/** Indexes exist in the router alone. */
function createView(topology: Topology, shards: Pick<ShardSet, "get">): View {
  const router = compileTopology(topology);
  const byIndex = topology.shards.map((label) => {
    const shard = shards.get(label);
    if (shard === undefined) throw new Error(`the topology names shard ${label}, which this server does not have`);
    return shard;
  });
  const at = (indexes: readonly number[]): Shard[] => indexes.map((index) => byIndex[index]!);
  return {
    topology,
    place: (key) => byIndex[router.place(key)]!,
    ownersOf: (dialog) => at(router.shardsOf(dialog)),
    triesOf: (dialog, author, client) => at(router.triesOf(dialog, author, client)),
  };
}
