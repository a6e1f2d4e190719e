import type { RowKey, Topology } from "../placement/contract.ts";
import { compileTopology } from "../placement/router.ts";
import type { ShardSet } from "../shards/shard-set.ts";
import type { Shard } from "../shards/shard.ts";
import type { Out } from "./state.ts";

/** One epoch of the topology with the shards that it names. It never changes: who holds one holds all of it. */
export interface View {
  readonly topology: Topology;
  /** Shards that were lost and are not yet back. */
  readonly out: readonly Out[];
  /** Where a row belongs. */
  place(key: RowKey): Shard;
  /** Every shard that may hold messages of the dialog: what a read must ask. */
  ownersOf(dialog: string): readonly Shard[];
  /** Whether a shard's history may be shown: it is not out. */
  shows(shard: Pick<Shard, "label">): boolean;
  /** Whether a shard was lost, and is not even returning. */
  lost(shard: Pick<Shard, "label">): boolean;
  /** Every shard where a retry of the author's message may find its first try, but for those that are lost. */
  triesOf(dialog: string, author: number, client: string): readonly Shard[];
}

/** The view that holds now. */
export interface Views {
  current(): View;
  /**
   * Takes the next topology, or the same with other shards out.
   * @throws when it names a shard that is not in the set, or its epoch is below the last
   */
  publish(topology: Topology, out?: readonly Out[]): View;
  /** @param run is called after each change. @returns ends that */
  onChange(run: (view: View) => void): () => void;
}

/** @param shards has every shard that the topology names */
export function createViews(topology: Topology, shards: Pick<ShardSet, "get">): Views {
  const listeners = new Set<(view: View) => void>();
  let view = createView(topology, [], shards);
  return {
    current: () => view,
    publish(next, out = []) {
      const { epoch } = view.topology;
      if (next.epoch < epoch) throw new Error(`epoch ${next.epoch} does not follow epoch ${epoch}`);
      view = createView(next, out, shards);
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
function createView(topology: Topology, out: readonly Out[], shards: Pick<ShardSet, "get">): View {
  const router = compileTopology(topology);
  const byIndex = topology.shards.map((label) => {
    const shard = shards.get(label);
    if (shard === undefined) throw new Error(`the topology names shard ${label}, which this server does not have`);
    return shard;
  });
  const at = (indexes: readonly number[]): Shard[] => indexes.map((index) => byIndex[index]!);
  const hidden = new Set(out.map(({ label }) => label));
  const lost = new Set(out.filter(({ phase }) => phase === "lost").map(({ label }) => label));
  return {
    topology,
    out,
    place: (key) => byIndex[router.place(key)]!,
    ownersOf: (dialog) => at(router.shardsOf(dialog)),
    shows: ({ label }) => !hidden.has(label),
    lost: ({ label }) => lost.has(label),
    triesOf: (dialog, author, client) =>
      at(router.triesOf(dialog, author, client)).filter(({ label }) => !lost.has(label)),
  };
}
