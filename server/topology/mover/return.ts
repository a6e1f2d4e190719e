import { compareIds } from "../../placement/message-id.ts";
import type { MessageKey } from "../../shards/moves.ts";
import type { Work } from "../state.ts";
import { MoverError, type Moving } from "./contract.ts";
import type { Pass } from "./pass.ts";
import type { Session } from "./session.ts";

/**
 * The return of a shard that was taken out. It goes before a rebalance, which cannot go on without the shard: that one
 * begins again afterwards.
 *
 * @throws {MoverError} WORK_UNDER_WAY, NOTHING_TO_DO, SHARD_OUT
 */
export function returnWork(
  { isBusy, out, topology, work }: Moving,
  self: { readonly node: number; readonly incarnation: number },
  shard: string,
  since: number,
): Omit<Work, "incarnation" | "node" | "token"> {
  const found = out.find(({ label }) => label === shard);
  if (found === undefined) throw new MoverError("NOTHING_TO_DO", `shard ${shard} is not out`);
  if (found.phase === "lost") throw new MoverError("SHARD_OUT", `shard ${shard} is not put back yet`);
  if (work?.kind === "return") {
    const isOurs = work.node === self.node && work.incarnation === self.incarnation;
    if (isBusy && !isOurs) {
      throw new MoverError("WORK_UNDER_WAY", `node ${work.node} brings shard ${work.shard} back`);
    }
    // Another's was left: that one begins again, so that neither waits for the other.
    if (work.shard === shard) return work;
  }
  const below = topology.segments.at(-1)!.from;
  return { kind: "return", shard, below, phase: "delete", cursors: {}, since, seen: 0, moved: 0 };
}

/**
 * Removes from the returned shard each message that was sent again elsewhere while it was out, and so has a later id
 * there (rule B). Copies that an unfinished rebalance made of such a message go first: nobody would find them later.
 *
 * @param from decimal id: the start of the first segment without the shard
 */
export function returnPass(session: Session, from: string): Pass {
  const { below, shard: label } = session.work();
  const returned = session.shard(label!);
  const others = session.topology().shards.filter((other) => other !== label);
  return {
    labels: others,
    range: { from, below },
    async handle(_source, rows) {
      const first = await returned.ids(rows);
      const twins: MessageKey[] = rows.flatMap(({ dialog, id }, at) => {
        const earlier = first[at] ?? null;
        return earlier !== null && compareIds(earlier, id) < 0 ? [{ dialog, id: earlier }] : [];
      });
      return {
        touched: [label!],
        async finish() {
          if (twins.length === 0) return 0;
          for (const other of others) await session.remove(other, twins);
          return session.remove(label!, twins);
        },
      };
    },
  };
}
