import { sum } from "d3-array";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import type { Result } from "../result/result.ts";
import { noiseFloor } from "./noise-floor.ts";
import { isFixed, type SegmentPart } from "./segment-parts.ts";
import { simulateChange } from "./simulate-change.ts";
import { simulateSkew, type Spread } from "./simulate.ts";
import { weightClasses } from "./weight-classes.ts";

export type Causes = NonNullable<Result["skew"]["causes"]>;
export type Factor = Causes["hash"];

const ONE: Factor = { factor: 1, low: 1, high: 1 };

const over = (simulation: Spread, base: number): Factor => ({
  factor: simulation.mean / base,
  low: simulation.low / base,
  high: simulation.high / base,
});

/** Sums over parts, each by its share of the messages. */
function weigh(parts: readonly SegmentPart[], of: (part: SegmentPart) => Spread): Spread {
  const total = sum(parts, ({ messages }) => messages);
  const spreads = parts.map((part) => ({ messages: part.messages, spread: of(part) }));
  const mean = (name: keyof Spread) => sum(spreads, ({ messages, spread }) => (spread[name] * messages) / total);
  return { mean: mean("mean"), low: mean("low"), high: mean("high"), p99: mean("p99") };
}

/**
 * The noise floor of a run: that of as many keys on the shards of each segment, weighed by its messages.
 *
 * @param labels number of the topology's shards, for a run without messages
 */
export function runNoiseFloor(parts: readonly SegmentPart[], labels: number): Spread {
  if (parts.length === 0) return noiseFloor(0, labels);
  return weigh(parts, ({ keys, layout }) => noiseFloor(keys, layout.shards.length));
}

/** Of one segment, on its own shards: max/mean with the weights of its keys, and with its placement too. */
function simulatePart({ layout, loads }: SegmentPart): { popular: Spread; placed: Spread } {
  const indexes = new Map(layout.shards.map((shard, index) => [shard, index]));
  const none = layout.shards.map(() => 0);
  const fixed = [...none];
  const free: number[] = [];
  for (const { dialog, shard, messages } of loads) {
    const index = indexes.get(shard);
    if (index !== undefined && isFixed(layout, dialog)) fixed[index]! += messages;
    else free.push(messages);
  }
  const even = layout.shards.map(() => 1 / layout.shards.length);
  return {
    popular: simulateSkew(weightClasses(loads.map(({ messages }) => messages)), even, none),
    placed: simulateSkew(weightClasses(free), layout.shares, fixed),
  };
}

/**
 * Splits an observed max/mean into factors whose product it is. Each step of a simulation adds one thing that is true
 * of this run; what the expected max/mean grows by is that thing's doing. An interval is the spread of the step's own
 * simulation over the estimate of the step before; the hash's is the observed value over the spread of the last step,
 * so a hash that is not to blame has 1 inside.
 *
 * What is thrown are keys: dialogs, or under a placement by time pairs of dialog and time bucket. Parts of a split
 * dialog count as keys of their own for `popularity`; that they lie on distinct shards, and where a pin lies, is the
 * placement's doing and counts there. So is all that a placement does by the dialog's number, which hashes nothing.
 *
 * Of a run under several segments, chance, popularity and placement are those of each segment on its own shards,
 * weighed by its messages. What the whole run is expected to have beyond that is the change's doing: a shard that was
 * there for half of the time. It is 1 for a topology of one segment.
 *
 * Deterministic; its time does not grow with the number of messages, and with dialogs only by one sort.
 *
 * @param labels number of the topology's shards
 */
export function causesOfSkew(parts: readonly SegmentPart[], labels: number): Causes {
  if (parts.length === 0 || labels === 1) {
    return { chance: ONE, popularity: ONE, placement: ONE, change: ONE, hash: ONE };
  }
  const observed = Array.from<number>({ length: labels }).fill(0);
  for (const { loads } of parts) for (const { shard, messages } of loads) observed[shard]! += messages;
  const ratio = maxOverMean(observed);
  const simulated = new Map(parts.map((part) => [part, simulatePart(part)]));
  const floor = runNoiseFloor(parts, labels);
  const popular = weigh(parts, (part) => simulated.get(part)!.popular);
  const placed = weigh(parts, (part) => simulated.get(part)!.placed);
  // Under one segment nothing is thrown twice: shards that are not its own are idle, for certain.
  const idle = labels / parts[0]!.layout.shards.length;
  const whole =
    parts.length > 1
      ? simulateChange(parts, labels)
      : { ...placed, mean: placed.mean * idle, low: placed.low * idle, high: placed.high * idle };
  return {
    chance: over(floor, 1),
    popularity: over(popular, floor.mean),
    placement: over(placed, popular.mean),
    change: parts.length > 1 ? over(whole, placed.mean) : { factor: idle, low: idle, high: idle },
    hash: { factor: ratio / whole.mean, low: ratio / whole.high, high: ratio / whole.low },
  };
}
