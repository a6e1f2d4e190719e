import assert from "node:assert/strict";
import type { Topology } from "../../../../server/placement/contract.ts";
import type { MessageRow } from "../../../../server/shards/contract.ts";
import type { Moving, MoverParts, MoverShard, MoverState } from "../../../../server/topology/mover/contract.ts";
import { createMover, type Mover } from "../../../../server/topology/mover/mover.ts";
import { ownerOf } from "../../../../server/topology/mover/place.ts";
import { virtualClock } from "../../../support/virtual-clock.ts";
import { memoryShard, type MemoryShard } from "./memory-shard.ts";

/** The process died. */
export class Crash extends Error {}

/** Dies at the n-th moment: nothing that it would have done later happens. */
export function crashAt(n: number): Step & { readonly moments: () => number } {
  let moments = 0;
  const step = (): void => {
    if (++moments >= n) throw new Crash("the process died");
  };
  return Object.assign(step, { moments: () => moments });
}

/** Called before and after each effect on a shard or the state; it may throw, and may wait. */
export type Step = (moment: "before" | "after", what: string) => void | Promise<void>;

export interface World {
  readonly shards: readonly MemoryShard[];
  /** The shared state. */
  moving: Moving;
  /** The epoch of the last rebalance that counted. */
  movedAt: number;
  /** What has been acknowledged. */
  readonly acked: Set<MessageRow>;
  /** Stores a message where the topology puts it. */
  write(row: MessageRow): void;
  /** A mover of its own process. @param step of its own */
  mover(step?: Step, options?: Partial<MoverParts>): Mover;
  /** Every acknowledged message is where a reader of the newest topology finds it. */
  check(when: string): void;
}

export const key = ({ dialog, id }: Pick<MessageRow, "dialog" | "id">): string => `${dialog}|${id}`;

export function createWorld(topology: Topology, labels: readonly string[]): World {
  const shards = labels.map(memoryShard);
  const shardOf = (label: string): MemoryShard => shards.find((shard) => shard.label === label)!;
  let owner = { of: topology, find: ownerOf(topology) };

  const find = (row: MessageRow): MemoryShard => {
    if (owner.of !== world.moving.topology) {
      owner = { of: world.moving.topology, find: ownerOf(world.moving.topology) };
    }
    return shardOf(owner.find(row));
  };

  const world: World = {
    shards,
    moving: { topology, out: [], work: null, token: 0, isBusy: false },
    movedAt: 0,
    acked: new Set(),
    write(row) {
      find(row).put(row);
      world.acked.add(row);
    },
    check(when) {
      for (const row of world.acked) {
        assert.deepEqual(find(row).rows.get(key(row)), row, `${when}: ${key(row)} is not found`);
      }
    },
    mover(step = () => {}, options = {}) {
      return createMover({
        state: stateOf(world, step),
        shards: () => shards.map((shard) => stepping(world, shard, step)),
        self: () => ({ node: 1, incarnation: 1 }),
        clock: virtualClock(),
        p99Ms: () => null,
        isThrottled: () => false,
        chunkRows: 4,
        chunksPerSave: 2,
        ...options,
      });
    },
  };
  return world;
}

/** One effect at a time, and the promise that nobody loses a message is looked at after each. */
async function take<T>(world: World, step: Step, what: string, effect: () => T | Promise<T>): Promise<T> {
  await step("before", what);
  const value = await effect();
  world.check(what);
  await step("after", what);
  return value;
}

function stateOf(world: World, step: Step): MoverState {
  return {
    read: () => take(world, step, "read", () => world.moving),
    update: (change) =>
      take(world, step, "update", () => (world.moving = { ...world.moving, ...change(world.moving) })),
    publish: (change) =>
      take(world, step, "publish", () => {
        const next = change(world.moving);
        assert.ok(next.topology.epoch > world.moving.topology.epoch, "the epoch goes on");
        world.movedAt = next.topology.epoch;
        return (world.moving = { ...world.moving, ...next });
      }),
  };
}

function stepping(world: World, shard: MemoryShard, step: Step): MoverShard {
  const { label } = shard;
  return {
    label,
    reading: () => shard.reading(),
    seal: (...values) => take(world, step, `seal ${label}`, () => shard.seal(...values)),
    take: (...values) => take(world, step, `take ${label}`, () => shard.take(...values)),
    scan: (after, range, limit) =>
      take(world, step, `scan ${label}`, () => {
        const mayGrow = world.moving.work?.phase === "copy" && shard.closedBelow < BigInt(range.below);
        assert.ok(!mayGrow, `${label} is read before it was sealed: rows may come that nobody copies`);
        return shard.scan(after, range, limit);
      }),
    copy: (...values) => take(world, step, `copy ${label}`, () => shard.copy(...values)),
    digest: (...values) => take(world, step, `digest ${label}`, () => shard.digest(...values)),
    remove: (...values) =>
      take(world, step, `remove ${label}`, () => {
        assert.ok(shard.epoch >= world.movedAt, `a reader of ${label} does not see that its rows moved`);
        return shard.remove(...values);
      }),
    ids: (...values) => take(world, step, `ids ${label}`, () => shard.ids(...values)),
  };
}
