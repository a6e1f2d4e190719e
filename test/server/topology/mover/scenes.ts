import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ConfigError } from "../../../../server/config-error.ts";
import type { MessageRow } from "../../../../server/shards/contract.ts";
import { changeTopology, type Change } from "../../../../server/topology/changes.ts";
import { ownerOf } from "../../../../server/topology/mover/place.ts";
import { at, fresh, LABELS } from "../changed.ts";
import { createWorld, key, type World } from "./world.ts";

export const ALL_LABELS = [...LABELS, "04", "05"];

/** What happened to a system before its rebalance: changes, each with messages before it. */
export interface Scene {
  readonly placement: string;
  readonly steps: readonly { readonly messages: readonly Message[]; readonly change: Change }[];
}

interface Message {
  readonly dialog: number;
  readonly author: number;
}

const anyMessage = fc.record({ dialog: fc.nat(6), author: fc.integer({ min: 1, max: 2 }) });
const dialogOf = (dialog: number): string => `${dialog + 1}_9`;
const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ do: fc.constantFrom("add", "drain"), shard: fc.constantFrom(...ALL_LABELS) }) as fc.Arbitrary<Change>,
  fc.record({ do: fc.constant("pin" as const), dialog: fc.nat(6).map(dialogOf), shard: fc.constantFrom(...LABELS) }),
  fc.record({ do: fc.constant("split" as const), dialog: fc.nat(6).map(dialogOf), parts: fc.constantFrom(2, 3) }),
  fc.record({ do: fc.constant("placement" as const), placement: fc.constantFrom("jump", "rendezvous", "time-bucket") }),
);

export const anyScene: fc.Arbitrary<Scene> = fc.record({
  placement: fc.constantFrom("slots", "modulo", "ring"),
  steps: fc.array(fc.record({ messages: fc.array(anyMessage, { maxLength: 14 }), change: anyChange }), {
    minLength: 1,
    maxLength: 4,
  }),
});

/** The world in which all of that has happened; changes that are refused did not. */
export function played({ placement, steps }: Scene): World {
  const world = createWorld(fresh(placement), ALL_LABELS);
  let id = 1n;
  for (const [index, { change, messages }] of steps.entries()) {
    for (const message of messages) world.write(rowOf(message, id++));
    id = applyChange(world, change, at(index + 1)) ? at(index + 1) : id;
  }
  for (const { dialog } of steps[0]!.messages) world.write(rowOf({ dialog, author: 3 }, id++));
  return world;
}

/** @returns false when it was refused */
export function applyChange(world: World, change: Change, boundary: bigint): boolean {
  try {
    world.moving = { ...world.moving, topology: changeTopology(world.moving.topology, change, boundary) };
    return true;
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return false;
  }
}

export function rowOf({ author, dialog }: Message, id: bigint): MessageRow {
  return { dialog: dialogOf(dialog), id: String(id), author, recipient: 9, client: `c${id}`, text: `text ${id}` };
}

/** Every message is on its owner, and nowhere else; nothing is left to be done. */
export function assertDone({ acked, moving, shards }: World): void {
  const owner = ownerOf(moving.topology);
  for (const { label, rows } of shards) {
    const expected = [...acked].filter((row) => owner(row) === label).map(key);
    assert.deepEqual([...rows.keys()].toSorted(), expected.toSorted(), `shard ${label}`);
  }
  assert.equal(moving.work, null);
}
