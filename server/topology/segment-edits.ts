import type { Override, Segment, WeightedShard } from "../placement/contract.ts";
import { overrideShards, splitShards } from "../placement/overrides.ts";
import { parsePlacement } from "../placement/registry.ts";
import { compareLabels } from "../placement/slot-table.ts";

/** Labels that take writes under a segment, ascending: of its placement, and those that only an override names. */
export function writableShards({ shards, overrides }: Segment): string[] {
  const named = [...shards.map(({ label }) => label), ...overrides.flatMap(overrideShards)];
  return [...new Set(named)].sort(compareLabels);
}

/** The segment with a shard more, as heavy as the others are; overrides stay. */
export function withShard(segment: Segment, label: string): Segment {
  return withShards(segment, weighted(segment.shards, label, usualWeight(segment.shards)));
}

/**
 * The segment without a shard. Pins to it fall away. A part of a split that was on it goes to the next shard of the
 * dialog's order, and the other parts stay; where no shard is left for it the split gets a part less, and with one part
 * it falls away.
 *
 * @param label not the only writable one
 */
export function withoutShard(segment: Segment, label: string): Segment {
  const overrides = segment.overrides.flatMap((override) => {
    if (!overrideShards(override).includes(label)) return [override];
    return override.action === "pin" ? [] : withoutPart(segment, override, label);
  });
  const shards = segment.shards.filter((shard) => shard.label !== label);
  if (shards.length > 0) return { ...withShards(segment, shards), overrides };
  const rest = writableShards(segment).filter((other) => other !== label);
  // Only pins named them, so that they were relieved of all other dialogs; now there is nobody else.
  return {
    ...withShards(
      segment,
      rest.map((other) => ({ label: other, weight: 1 })),
    ),
    overrides: overrides.map(unrelieved),
  };
}

function labelsOf(shards: readonly WeightedShard[]): string[] {
  return shards.map(({ label }) => label);
}

/** The segment over other shards; a placement that is bound to their number goes with them. */
function withShards(segment: Segment, shards: readonly WeightedShard[]): Segment {
  const { entry, options } = parsePlacement(segment.placement);
  const placement = entry.refit?.(options, labelsOf(segment.shards), labelsOf(shards)) ?? segment.placement;
  return { ...segment, placement, shards };
}

/**
 * The segment with the dialog on one shard, which gives up as much weight as makes max/mean max(1, N·p).
 *
 * @param pin.share the dialog's share p of all messages, 0 to 1; absent, or with a placement that knows no weights: no
 *   weight changes
 */
export function withPin(
  segment: Segment,
  { dialog, shard, share = 0 }: { dialog: string; shard: string; share?: number },
): Segment {
  const free = withoutOverride(segment, dialog);
  const heaviest = Math.max(...free.shards.map(({ weight }) => weight));
  const has = free.shards.find(({ label }) => label === shard)?.weight ?? 0;
  const asked = rounded(Math.min(has, writableShards(free).length * share * heaviest));
  const isOnly = free.shards.length === 1 && has > 0;
  const relief = isOnly || !parsePlacement(segment.placement).entry.weighted ? 0 : asked;
  return {
    ...free,
    shards: relief === 0 ? free.shards : weighted(free.shards, shard, has - relief),
    overrides: [...free.overrides, { dialog, action: "pin", shard, ...(relief > 0 && { relief }) }],
  };
}

/** The segment with the dialog over the first shards of its order. @param parts at most as many as are writable */
export function withSplit(segment: Segment, dialog: string, parts: number): Segment {
  const free = withoutOverride(segment, dialog);
  const shards = partOrder(free, dialog).slice(0, parts);
  return { ...free, overrides: [...free.overrides, { dialog, action: "split", shards }] };
}

/**
 * The segment with the dialog where its placement puts it. The shard of a pin gets the weight back that it gave up for
 * the dialog; no shard is left without messages.
 */
export function withoutOverride(segment: Segment, dialog: string): Segment {
  const gone = segment.overrides.find((override) => override.dialog === dialog);
  if (gone === undefined) return segment;
  const overrides = segment.overrides.filter((override) => override !== gone);
  let { shards } = segment;
  if (gone.action === "pin" && gone.relief !== undefined) {
    const has = shards.find(({ label }) => label === gone.shard)?.weight ?? 0;
    shards = weighted(shards, gone.shard, has + gone.relief);
  }
  const left = new Set(writableShards({ ...segment, shards, overrides }));
  for (const label of overrideShards(gone)) {
    if (!left.has(label)) shards = weighted(shards, label, usualWeight(segment.shards));
  }
  return { ...withShards(segment, shards), overrides };
}

/**
 * The segment under another placement. Overrides stay. One that knows no weights gets equal ones, and no shard is
 * relieved for a pin any more.
 *
 * @throws {ConfigError} BAD_PLACEMENT
 */
export function withPlacement(segment: Segment, placement: string): Segment {
  const { entry, options } = parsePlacement(placement);
  const next = entry.weighted
    ? { ...segment, placement }
    : {
        ...segment,
        placement,
        shards: writableShards(segment).map((label) => ({ label, weight: 1 })),
        overrides: segment.overrides.map(unrelieved),
      };
  entry.make(next.shards, options);
  return next;
}

function withoutPart(segment: Segment, split: Override & { action: "split" }, label: string): Override[] {
  const next = partOrder(segment, split.dialog).find((other) => !split.shards.includes(other));
  const shards = split.shards.flatMap((part) => (part === label ? (next ?? []) : part));
  return shards.length > 1 ? [{ ...split, shards }] : [];
}

/** Shards for the parts of a split, best first. Those that a pin has filled come last. */
function partOrder(segment: Segment, dialog: string): string[] {
  const open = segment.shards.map(({ label }) => label);
  const full = writableShards(segment).filter((label) => !open.includes(label));
  return [open, full].flatMap((labels) => splitShards(dialog, labels, labels.length));
}

function unrelieved(override: Override): Override {
  if (override.action !== "pin") return override;
  const { relief: _, ...pin } = override;
  return pin;
}

/** The shards, of which one has this weight; without it when that is nothing. */
function weighted(shards: readonly WeightedShard[], label: string, weight: number): WeightedShard[] {
  const others = shards.filter((shard) => shard.label !== label);
  const own = rounded(weight);
  return own > 0 ? [...others, { label, weight: own }].sort((a, b) => compareLabels(a.label, b.label)) : others;
}

/** The upper median: pins lower the weights of some, and a shard that joins is not pinned to. */
function usualWeight(shards: readonly WeightedShard[]): number {
  const weights = shards.map(({ weight }) => weight).sort((a, b) => a - b);
  return weights[weights.length >>> 1] ?? 1;
}

/** So that what was taken and given back is what it was: weights that are equal must be the same number. */
function rounded(weight: number): number {
  return Number(weight.toPrecision(12));
}
