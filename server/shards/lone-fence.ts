import { ConfigError } from "../config-error.ts";
import type { Fence, OnConnect } from "./contract.ts";

export interface LoneFenceOptions {
  /** Identity that a shard gets which has none. */
  readonly cluster: string;
  readonly node: number;
  /** Of the topology. */
  readonly epoch: number;
  /** Of ids: it is moved past what was written before. */
  readonly clock: { observe(id: bigint): void; peek(): bigint };
  /** Unix ms. */
  readonly now?: () => number;
}

/** What a writer needs of its fence. */
export interface LoneFence {
  readonly fence: () => Fence;
  readonly onConnect: OnConnect;
}

/**
 * The fence of a process that is alone with its shard, one for each shard: it asks nobody before it takes the place of
 * the incarnation before it.
 *
 * Its `onConnect` throws ConfigError OTHER_CLUSTER when the shard belongs to another cluster, and OLD_TOPOLOGY when it
 * has seen a newer topology.
 */
export function loneFence({ cluster, node, epoch, clock, now = Date.now }: LoneFenceOptions): LoneFence {
  let incarnation = now();
  let isAdmitted = false;
  const fence = (): Fence => ({ node, incarnation, epoch });
  return {
    fence,
    async onConnect(session) {
      const mark = session.mark.cluster === null ? await session.claim(cluster) : session.mark;
      if (mark.cluster !== cluster) {
        throw new ConfigError("OTHER_CLUSTER", `the shard belongs to the cluster ${mark.cluster}, not to ${cluster}`);
      }
      if (mark.epoch > epoch) {
        const text = `the shard has seen epoch ${mark.epoch} of the topology, and this server has epoch ${epoch}`;
        throw new ConfigError("OLD_TOPOLOGY", text);
      }
      const rows = await session.fences();
      for (const id of [mark.closedBelow, ...rows.map(({ floor }) => floor)]) clock.observe(BigInt(id) - 1n);
      const before = rows.find((row) => row.node === node);
      // A wall clock that was set back must not keep this node out.
      if (!isAdmitted && before !== undefined) incarnation = Math.max(incarnation, before.incarnation + 1);
      if (mark.epoch < epoch) await session.seal(epoch, BigInt(mark.closedBelow));
      await session.admit(fence(), isAdmitted ? 0n : clock.peek());
      isAdmitted = true;
    },
  };
}
