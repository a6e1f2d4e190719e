import { sum } from "d3-array";
import type { Segment, Topology } from "../../../server/placement/contract.ts";
import { overrideShards } from "../../../server/placement/overrides.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { parsePlacement } from "../../../server/placement/registry.ts";
import { countPlaces, keySpaceShares, placeKeySpace } from "./key-space.ts";
import { SOME_MOMENT } from "./moment.ts";
import type { DialogLoad } from "./where-it-lay.ts";

/** How one segment of a topology places. Shards are indexes into the topology's labels. */
export interface SegmentLayout {
  /** Its own shards, also those that only a pin or a split names. */
  readonly shards: readonly number[];
  /** Shares of the key space that its placement gives them, without pins and splits, in their order; Σ = 1. */
  readonly shares: readonly number[];
  /** Shard of each of the synthetic dialogs, which are the same for every segment (`placeKeySpace`). */
  readonly places: Uint16Array;
  /** Dialogs that a pin or a split puts where they are. */
  readonly overridden: ReadonlySet<string>;
  /** Milliseconds in which a dialog stays together; 0 unless the segment places by time. */
  readonly bucketMs: number;
  /** Whether it hashes nothing: then where a dialog lies is its doing, and no chance's. */
  readonly byNumber: boolean;
}

/** What a run wrote under one segment. */
export interface SegmentPart {
  readonly layout: SegmentLayout;
  readonly loads: readonly DialogLoad[];
  readonly messages: number;
  /** Number of distinct keys (`keyOf`). */
  readonly keys: number;
}

/** Share that each of these shards is meant to get by the weights of the segment, 0…1. */
export function intendedShares(segment: Segment, labels: readonly string[]): number[] {
  const weights = new Map(segment.shards.map(({ label, weight }) => [label, weight]));
  const total = sum(segment.shards, ({ weight }) => weight);
  return labels.map((label) => (weights.get(label) ?? 0) / total);
}

/** Whether chance has no part in where the dialog lies. */
export const isFixed = ({ byNumber, overridden }: SegmentLayout, dialog: string): boolean =>
  byNumber || overridden.has(dialog);

/** @param index of the segment; a placement by time is asked for one moment */
export function segmentLayout(topology: Topology, index: number): SegmentLayout {
  const segment = topology.segments[index]!;
  const named = new Set([...segment.shards.map(({ label }) => label), ...segment.overrides.flatMap(overrideShards)]);
  const own = topology.shards.flatMap((label, shard) => (named.has(label) ? [shard] : []));
  const router = compileTopology({ ...topology, segments: [{ ...segment, from: "0", overrides: [] }] });
  const places = placeKeySpace((dialog) => router.place({ dialog, id: SOME_MOMENT, author: 1, client: "" }));
  const counts = countPlaces(places, topology.shards.length);
  const intended = intendedShares(
    segment,
    own.map((shard) => topology.shards[shard]!),
  );
  const { entry, options } = parsePlacement(segment.placement);
  const { bucketMs, byNumber } = entry.make(segment.shards, options);
  return {
    shards: own,
    shares: keySpaceShares(
      own.map((shard) => counts[shard]!),
      intended,
    ),
    places,
    overridden: new Set(segment.overrides.map(({ dialog }) => dialog)),
    bucketMs,
    byNumber,
  };
}

/**
 * What a hash throws as one: a dialog; under a placement by time the pair of dialog and time bucket, unless a pin or a
 * split says where it lies. The same in two segments when both hash the same.
 */
export function keyOf({ overridden, bucketMs }: SegmentLayout, { dialog, bucket }: DialogLoad): string {
  return bucketMs === 0 || overridden.has(dialog) ? dialog : `${dialog} ${bucketMs} ${bucket}`;
}

/**
 * The parts of a run, one for each segment under which it wrote something, oldest first.
 *
 * @param layoutOf called once for each of them
 */
export function partsOf(loads: readonly DialogLoad[], layoutOf: (segment: number) => SegmentLayout): SegmentPart[] {
  return [...Map.groupBy(loads, ({ segment }) => segment)]
    .sort(([a], [b]) => a - b)
    .map(([segment, own]) => {
      const layout = layoutOf(segment);
      return {
        layout,
        loads: own,
        messages: sum(own, ({ messages }) => messages),
        keys: new Set(own.map((load) => keyOf(layout, load))).size,
      };
    });
}
