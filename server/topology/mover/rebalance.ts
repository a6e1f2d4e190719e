import { compareIds, MAX_MESSAGE_ID } from "../../placement/message-id.ts";
import type { MessageRow } from "../../shards/contract.ts";
import { rebalanced } from "../changes.ts";
import { writableShards } from "../segment-edits.ts";
import type { Work } from "../state.ts";
import { MoverError, type Moving } from "./contract.ts";
import { alike, holdAlike, keysOf } from "./equality.ts";
import type { Pass } from "./pass.ts";
import { groupRows, ownerOf } from "./place.ts";
import type { Session } from "./session.ts";

/** UTF-8 bytes of one `copy`. */
const MOST_BYTES = 8_000_000;

/**
 * The rebalance that is to be done: the one that was left, if it still fits the topology, else a new one. With nothing
 * to copy it removes what earlier ones left behind.
 *
 * @throws {MoverError} WORK_UNDER_WAY, SHARD_OUT
 */
export function rebalanceWork(
  { isBusy, out, topology, work }: Moving,
  self: { readonly node: number; readonly incarnation: number },
  since: number,
): Omit<Work, "incarnation" | "node" | "token"> {
  const isOurs = work?.node === self.node && work.incarnation === self.incarnation;
  if (work !== null && isBusy && !isOurs) {
    throw new MoverError("WORK_UNDER_WAY", `node ${work.node} moves rows now: ${work.kind}`);
  }
  refuseOut(out);
  const newest = topology.segments.at(-1)!.from;
  if (work?.kind === "rebalance" && (work.phase === "delete" || work.below === newest)) return work;
  const isOne = topology.segments.length === 1;
  return {
    kind: "rebalance",
    below: isOne ? String(MAX_MESSAGE_ID) : newest,
    phase: isOne ? "delete" : "copy",
    cursors: {},
    since,
    seen: 0,
    moved: 0,
  };
}

/**
 * What a shard that is out holds may have been sent again elsewhere: before that is settled, its rows may not become
 * readable at another shard (rule B).
 */
function refuseOut(out: Moving["out"]): void {
  if (out.length === 0) return;
  const labels = out.map(({ label }) => label).join(", ");
  throw new MoverError("SHARD_OUT", `shard ${labels} was taken out and is not back: that goes first`);
}

/** Copies each row that its owner shall give away to the owner that it shall have, and compares both. */
export function copyPass(session: Session): Pass {
  const topology = session.topology();
  const { below } = session.work();
  const closed = topology.segments.filter(({ from }) => compareIds(from, below) < 0);
  const now = ownerOf(topology);
  const next = ownerOf(rebalanced(topology, below));
  return {
    labels: [...new Set(closed.flatMap(writableShards))],
    range: { below },
    async handle(source, rows) {
      // What lies elsewhere than at its owner is a copy that some earlier rebalance left: the owner's is copied.
      const groups = groupRows(rows, (row) => {
        if (now(row) !== source.label) return null;
        const to = next(row);
        return to === source.label ? null : to;
      });
      await Promise.all([...groups].map(([label, group]) => copyPieces(session, label, group)));
      return {
        touched: groups.keys(),
        async finish() {
          const moved = [...groups].map(async ([label, group]) => {
            if (await holdAlike(source, session.shard(label), keysOf(group))) return group.length;
            const text = `${group.length} rows of shard ${source.label} are not the same on shard ${label}, after they were copied`;
            throw new MoverError("COPY_DIFFERS", text);
          });
          return sum(await Promise.all(moved));
        },
      };
    },
  };
}

async function copyPieces(session: Session, label: string, rows: readonly MessageRow[]): Promise<void> {
  let bytes = 0;
  let start = 0;
  for (const [at, { client, text }] of rows.entries()) {
    // A code unit is at most three bytes of UTF-8.
    const own = 3 * (client.length + text.length);
    if (bytes + own > MOST_BYTES) {
      await session.copy(label, rows.slice(start, at));
      [bytes, start] = [0, at];
    }
    bytes += own;
  }
  await session.copy(label, rows.slice(start));
}

/**
 * From now on the rows are where they were copied to; what is left of them elsewhere goes.
 *
 * @throws {MoverError} SHARD_OUT
 */
export async function publishRebalanced(session: Session): Promise<void> {
  await session.publish(({ out, topology }) => {
    refuseOut(out);
    const work: Work = { ...session.work(), phase: "delete", cursors: {}, seen: 0, moved: 0 };
    return { topology: rebalanced(topology, work.below), work };
  });
}

/**
 * Removes each row from a shard that does not own it when its owner has the same row; by key, never by a range of ids.
 *
 * @param onKept is told of rows that stay because their owner does not have them
 */
export function deletePass(session: Session, onKept: (rows: number) => void): Pass {
  const topology = session.topology();
  const owner = ownerOf(topology);
  return {
    labels: topology.shards,
    range: { below: session.work().below },
    async handle(source, rows) {
      const strays = groupRows(rows, (row) => (owner(row) === source.label ? null : owner(row)));
      return {
        touched: [],
        async finish() {
          let removed = 0;
          for (const [label, group] of strays) {
            const keys = await alike(source, session.shard(label), keysOf(group));
            onKept(group.length - keys.length);
            if (keys.length > 0) removed += await session.remove(source.label, keys);
          }
          return removed;
        },
      };
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
