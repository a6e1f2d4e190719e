import { describeOverride, overrideShards, splitPart } from "./overrides.ts";
import { parsePlacement } from "./registry.ts";
import type { Placement, RowKey, Segment, Topology } from "./contract.ts";

/** A topology ready to be asked. Shards are indexes into `labels`. */
export interface Router {
  readonly labels: readonly string[];
  readonly epoch: number;
  /** The shard that a row belongs to. Allocates nothing. */
  place(key: RowKey): number;
  /** Every shard on which some segment may hold messages of the dialog, ascending: what a read must ask. */
  shardsOf(dialog: string): number[];
  /**
   * Every shard on which some segment would put the author's message, ascending: where a retry, which has another
   * message id, may find its first try.
   */
  triesOf(dialog: string, author: number, client: string): number[];
  /** The newest segment's placement, and its overrides and unequal weights, in words. */
  describe(): { placement: string; overrides: string[] };
}

interface CompiledSegment {
  readonly from: bigint;
  readonly placement: Placement;
  /** From the placement's indexes to the topology's. */
  readonly shards: Uint16Array;
  readonly overrides: ReadonlyMap<string, Uint16Array>;
}

/**
 * @param topology as `validateTopology` or `singleSegment` returned it
 * @throws {ConfigError} if a placement cannot be made
 */
export function compileTopology(topology: Topology): Router {
  const segments = topology.segments.map((segment) => compileSegment(segment, topology.shards));
  const newest = segments.length - 1;
  return {
    labels: topology.shards,
    epoch: topology.epoch,
    place(key) {
      return placeIn(segments[newest === 0 ? 0 : segmentOf(segments, key.id)]!, key);
    },
    shardsOf(dialog) {
      return ascending(segments.flatMap((segment) => shardsIn(segment, dialog)));
    },
    triesOf(dialog, author, client) {
      const key = { dialog, id: 0n, author, client };
      return ascending(segments.flatMap((segment) => triesIn(segment, key)));
    },
    describe: () => describeSegment(topology.segments[newest]!),
  };
}

function compileSegment(segment: Segment, labels: readonly string[]): CompiledSegment {
  const { entry, options } = parsePlacement(segment.placement);
  const indexes = (names: readonly string[]) => Uint16Array.from(names, (label) => labels.indexOf(label));
  return {
    from: BigInt(segment.from),
    placement: entry.make(segment.shards, options),
    shards: indexes(segment.shards.map(({ label }) => label)),
    overrides: new Map(segment.overrides.map((override) => [override.dialog, indexes(overrideShards(override))])),
  };
}

function ascending(shards: readonly number[]): number[] {
  return [...new Set(shards)].sort((a, b) => a - b);
}

/** The last segment that starts at or below the id. */
function segmentOf(segments: readonly CompiledSegment[], id: bigint): number {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (segments[middle]!.from <= id) low = middle;
    else high = middle - 1;
  }
  return low;
}

function placeIn(segment: CompiledSegment, key: RowKey): number {
  if (segment.overrides.size > 0) {
    const parts = segment.overrides.get(key.dialog);
    if (parts !== undefined) {
      return parts[parts.length === 1 ? 0 : splitPart(key.author, key.client, parts.length)] ?? 0;
    }
  }
  return segment.shards[segment.placement.place(key.dialog, key.id)] ?? 0;
}

function triesIn(segment: CompiledSegment, key: RowKey): number[] {
  return segment.overrides.has(key.dialog) ? [placeIn(segment, key)] : shardsIn(segment, key.dialog);
}

function shardsIn(segment: CompiledSegment, dialog: string): number[] {
  const parts = segment.overrides.get(dialog);
  if (parts !== undefined) return [...parts];
  if (segment.placement.byTime) return [...segment.shards];
  return [segment.shards[segment.placement.place(dialog, 0n)] ?? 0];
}

function describeSegment(segment: Segment): { placement: string; overrides: string[] } {
  const overrides = segment.overrides.map(describeOverride);
  const uneven = segment.shards.some(({ weight }) => weight !== segment.shards[0]?.weight);
  const weights = segment.shards.map(({ label, weight }) => `${label} × ${Number(weight.toPrecision(3))}`);
  return {
    placement: segment.placement,
    overrides: uneven ? [...overrides, `weights ${weights.join(", ")}`] : overrides,
  };
}
