import assert from "node:assert/strict";
import { ConfigError } from "../../../server/config-error.ts";
import type { Override, Segment, Topology } from "../../../server/placement/contract.ts";
import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { overrideShards } from "../../../server/placement/overrides.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import { changeTopology, type Change } from "../../../server/topology/changes.ts";

export const LABELS = ["00", "01", "02", "03"];
export const at = (step: number): bigint => composeId(ID_EPOCH_MS + step * 1_000_000, 0, 0);

export function fresh(placement = "slots", overrides: readonly Override[] = []): Topology {
  return singleSegment({ labels: LABELS, placement, overrides });
}

/** The changes one after the other, each with a boundary above the one before. */
export function changed(topology: Topology, ...changes: Change[]): Topology {
  const begin = topology.epoch;
  return changes.reduce((now, change, i) => changeTopology(now, change, at(begin + i)), topology);
}

export function newest(topology: Topology): Segment {
  return topology.segments.at(-1)!;
}

export function weights(topology: Topology): string {
  return newest(topology)
    .shards.map(({ label, weight }) => `${label}:${weight}`)
    .join(" ");
}

export function overridden(topology: Topology): (readonly string[])[] {
  return newest(topology).overrides.map(overrideShards);
}

/** The change is refused in these words, and the topology is what it was. */
export function refused(topology: Topology, change: Change, code: string, words: RegExp): void {
  const before = structuredClone(topology);
  assert.throws(
    () => changeTopology(topology, change, at(1_000)),
    (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.deepEqual([error.code, words.test(error.message)], [code, true], error.message);
      return true;
    },
  );
  assert.deepEqual(topology, before);
}
