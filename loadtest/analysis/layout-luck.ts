import { parsePlacement } from "../../server/placement/registry.ts";
import type { Random } from "./sampling.ts";
import { simulateSkew, type Spread } from "./simulate.ts";
import type { WeightClass } from "./weight-classes.ts";

/** A placement with its options on a number of equal shards. */
export interface NamedLayout {
  readonly placement: string;
  readonly shards: number;
}

/** 97.5 % quantile of the normal distribution. */
const Z = 1.96;

/** Points of a shard on the ring; null for placements that give every shard the same share of the key space. */
function ringPoints(name: string): number | null {
  const { entry, options } = parsePlacement(name);
  const option = entry.options["virtualNodes"];
  return option === undefined ? null : Number(options["virtualNodes"] ?? option.default);
}

/** What the luck of a layout depends on beside its shards: all but rings share the key space evenly. */
export const luckKind = (placement: string): string => (ringPoints(placement) === null ? "even" : placement);

/** Standard normal (Box & Muller 1958). */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

/** Gamma variate of shape k ≥ 1 and scale 1 (Marsaglia & Tsang 2000). */
function gamma(random: Random, k: number): number {
  const d = k - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/**
 * Max/mean of these keys over all layouts that the placement might have: other hash functions, and for a ring other
 * points. A ring of V random points a shard gives it V of the N·V spacings of a circle, which are jointly
 * Dirichlet(V, …, V) distributed (Devroye 1986, V.2); every other placement gives each shard an equal share. The keys fall
 * by these shares, independently.
 *
 * A placement by time is meant at one moment.
 */
export function layoutLuck({ placement, shards }: NamedLayout, classes: readonly WeightClass[]): Spread {
  const points = ringPoints(placement);
  const even = Array.from<number>({ length: shards }).fill(1 / shards);
  const onRing = (random: Random): number[] => {
    const arcs = even.map(() => gamma(random, points ?? 1));
    const circle = arcs.reduce((sum, arc) => sum + arc, 0);
    return arcs.map((arc) => arc / circle);
  };
  return simulateSkew(
    classes,
    points === null ? () => even : onRing,
    even.map(() => 0),
  );
}

/**
 * Share of the keys that move from one layout to another, over all hash functions (and points of a ring).
 *
 * Within a placement that moves no more than it must, that is 1 − min/max; with modulo 1 − min/lcm (Chinese remainder
 * theorem). Two placements agree by chance alone, on 1/max, but for rings with common points. The spread is binomial over the keys, and for a ring that of
 * the arcs too (a beta distribution).
 *
 * @param keys distinct keys, ≥ 1
 */
export function movedLuck(today: NamedLayout, then: NamedLayout, keys: number): Spread {
  const [few, many] = [Math.min(today.shards, then.shards), Math.max(today.shards, then.shards)];
  const same = today.placement === then.placement;
  const isModulo = parsePlacement(then.placement).entry === parsePlacement("modulo").entry;
  const arcs = [ringPoints(today.placement), ringPoints(then.placement)].filter((points) => points !== null);
  const others = sharedArcs(today, then) + (1 - sharedArcs(today, then)) / many;
  const stay = !same ? others : isModulo ? few / leastCommonMultiple(few, many) : few / many;
  const points = Math.min(...arcs) * many + 1;
  const deviation = Math.sqrt(stay * (1 - stay) * (1 / keys + 1 / points));
  const mean = 1 - stay;
  return { mean, low: Math.max(0, mean - Z * deviation), high: Math.min(1, mean + Z * deviation) };
}

/** A ring of few points a shard has them in common with one of more: the share of the circle that ends at such a point. */
function sharedArcs(today: NamedLayout, then: NamedLayout): number {
  const [a, b] = [ringPoints(today.placement), ringPoints(then.placement)];
  if (a === null || b === null) return 0;
  const shared = Math.min(a, b) * Math.min(today.shards, then.shards);
  return shared / (a * today.shards + b * then.shards - shared);
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
