import type { ShardsReply } from "../../../server/protocol/http.ts";
import type { SeenChange, SeenChanges } from "../../analysis/result/seen-changes.ts";

type Reply = Pick<ShardsReply, "topology" | "out">;

/** Takes down what becomes of the topology. */
export interface ShardWatch {
  readonly changes: readonly SeenChange[];
  readonly topologies: SeenChanges["topologies"];
  /** Something that the run did itself. */
  add(change: SeenChange): void;
  /** What the server says of its shards, at `nowMs` by the clock of this machine. */
  see(reply: Reply, nowMs: number): void;
}

/** @param first what it said before the run */
export function watchShards(first: Reply): ShardWatch {
  const changes: SeenChange[] = [];
  const topologies = [{ topology: first.topology, atMs: 0 }];
  const phases = new Map((first.out ?? []).map(({ label, phase }) => [label, phase]));
  return {
    changes,
    topologies,
    add: (change) => void changes.push(change),
    see({ topology, out = [] }, nowMs) {
      const { epoch } = topology;
      if (epoch > topologies.at(-1)!.topology.epoch) topologies.push({ topology, atMs: nowMs });
      const now = new Map(out.map(({ label, phase }) => [label, phase]));
      for (const [shard, phase] of now) {
        if (phases.get(shard) === phase) continue;
        changes.push({ atMs: nowMs, kind: phase === "lost" ? "take-out" : "put-back", shard, epoch });
      }
      for (const shard of phases.keys()) {
        if (now.has(shard)) continue;
        // So soon after that the step between was not seen.
        if (phases.get(shard) === "lost") changes.push({ atMs: nowMs, kind: "put-back", shard, epoch });
        changes.push({ atMs: nowMs, kind: "shown", shard });
      }
      phases.clear();
      for (const [shard, phase] of now) phases.set(shard, phase);
    },
  };
}
