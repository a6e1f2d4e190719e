import { ConfigError } from "../config-error.ts";
import { shardFaults } from "./faults.ts";
import { compareIds, MAX_MESSAGE_ID } from "./message-id.ts";
import { overrideFaults, overrideShards } from "./overrides.ts";
import { parsePlacement } from "./registry.ts";
import { hasSegmentShape, hasTopologyShape } from "./topology-shape.ts";
import type { Override, Segment, Topology, WeightedShard } from "./contract.ts";

const ID = /^(?:0|[1-9]\d{0,18})$/;
const LAST_ID = String(MAX_MESSAGE_ID);

/**
 * The topology of a fresh system: one segment for all ids, epoch 1.
 *
 * @param options.labels all shards, in the order of their indexes
 * @param options.weights of the shards that the placement may use; absent: all, equally
 * @throws {ConfigError} BAD_TOPOLOGY
 */
export function singleSegment(options: {
  labels: readonly string[];
  placement: string;
  overrides?: readonly Override[];
  weights?: readonly WeightedShard[];
}): Topology {
  const { labels, placement, overrides = [], weights = labels.map((label) => ({ label, weight: 1 })) } = options;
  return validateTopology({
    epoch: 1,
    shards: labels,
    segments: [{ from: "0", placement, shards: weights, overrides }],
  });
}

/**
 * Judges the content of a topology file.
 *
 * @returns the same, as a topology that `compileTopology` takes
 * @throws {ConfigError} BAD_TOPOLOGY, with everything that is wrong on one line
 */
export function validateTopology(value: unknown): Topology {
  const faults: string[] = [];
  if (hasTopologyShape(value, faults)) {
    const sound = value.segments.filter((segment, i) => hasSegmentShape(segment, `segment ${i}`, faults));
    faults.push(...sound.flatMap(segmentFaults), ...orderFaults(sound));
    if (sound.length === value.segments.length) {
      faults.push(...listFaults(value.shards, sound));
      if (faults.length === 0) return { ...value, segments: sound };
    }
  }
  throw new ConfigError("BAD_TOPOLOGY", faults.join("; "));
}

function segmentFaults(segment: Segment): string[] {
  const faults = overrideFaults(segment.overrides);
  try {
    const { entry, options } = parsePlacement(segment.placement);
    entry.make(segment.shards, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.unshift(error.message);
  }
  return faults;
}

function orderFaults(segments: readonly Segment[]): string[] {
  return segments.flatMap(({ from }, i) => {
    if (!ID.test(from) || compareIds(from, LAST_ID) > 0) return [`"${from}" is not a message id`];
    const before = segments[i - 1];
    if (before === undefined) return from === "0" ? [] : [`the first segment starts at "${from}", not at "0"`];
    return compareIds(before.from, from) < 0 ? [] : [`a segment from ${from} follows one from ${before.from}`];
  });
}

function listFaults(listed: readonly string[], segments: readonly Segment[]): string[] {
  const named = new Set(
    segments.flatMap(({ shards, overrides }) => [
      ...shards.map(({ label }) => label),
      ...overrides.flatMap(overrideShards),
    ]),
  );
  return [
    ...shardFaults(listed.map((label) => ({ label, weight: 1 }))),
    ...[...named].filter((label) => !listed.includes(label)).map((label) => `shard ${label} is named but not listed`),
  ];
}
