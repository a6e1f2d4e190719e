import { noiseFloor } from "./noise-floor.ts";
import { maxOverMean } from "../../server/placement/skew.ts";
import { simulateSkew, type Spread } from "./simulate.ts";
import { weightClasses } from "./weight-classes.ts";

/** One cause of skew: it multiplies max/mean by `factor`; low and high are its 2.5 % and 97.5 % quantiles. */
export interface Factor {
  readonly factor: number;
  readonly low: number;
  readonly high: number;
}

export interface Causes {
  /** So many dialogs, all equally heavy, under a perfect hash. */
  readonly chance: Factor;
  /** The same with the weights that were seen. */
  readonly popularity: Factor;
  /** The same with the shares of the key space that the placement gives its shards, and its pins and splits. */
  readonly placement: Factor;
  /** What is left: where the hash really put these dialogs. */
  readonly hash: Factor;
}

/** Messages of one dialog on one shard. A split dialog is one of these per part. */
export interface DialogLoad {
  readonly dialog: string;
  /** Index of the shard. */
  readonly shard: number;
  readonly messages: number;
}

export interface CausesInput {
  readonly dialogs: readonly DialogLoad[];
  /** Distinct dialog ids among them. */
  readonly distinct: number;
  /** Shares of the key space per shard (see `keySpaceShares`), Σ = 1; its length is the number of shards. */
  readonly shares: readonly number[];
  /** Dialogs that a pin or a split puts where they are, whatever the hash says. */
  readonly overridden: ReadonlySet<string>;
}

const over = (simulation: Spread, base: number): Factor => ({
  factor: simulation.mean / base,
  low: simulation.low / base,
  high: simulation.high / base,
});

/**
 * Splits an observed max/mean into four factors whose product it is. Each step of a simulation adds one thing that is
 * true of this run; what the expected max/mean grows by is that thing's doing. An interval is the spread of the step's
 * own simulation over the estimate of the step before; the hash's is the observed value over the spread of the last
 * step, so a hash that is not to blame has 1 inside.
 *
 * Parts of a split dialog count as dialogs of their own for `popularity`; that they lie on distinct shards, and where a
 * pin lies, is the placement's doing and counts there.
 *
 * Deterministic; its time does not grow with the number of messages, and with dialogs only by one sort.
 */
export function causesOfSkew(input: CausesInput): Causes {
  const shards = input.shares.length;
  const observed = Array.from<number>({ length: shards }).fill(0);
  const fixed = [...observed];
  const free: number[] = [];
  for (const { dialog, shard, messages } of input.dialogs) {
    observed[shard]! += messages;
    if (input.overridden.has(dialog)) fixed[shard]! += messages;
    else free.push(messages);
  }
  const even = observed.map(() => 1 / shards);
  const none = observed.map(() => 0);
  const ratio = maxOverMean(observed);
  if (input.dialogs.length === 0 || shards === 1) {
    const one = { factor: 1, low: 1, high: 1 };
    return { chance: one, popularity: one, placement: one, hash: one };
  }
  const floor = noiseFloor(input.distinct, shards);
  const popular = simulateSkew(weightClasses(input.dialogs.map(({ messages }) => messages)), () => even, none);
  const placed = simulateSkew(weightClasses(free), () => input.shares, fixed);
  return {
    chance: { factor: floor.mean, low: floor.low, high: floor.high },
    popularity: over(popular, floor.mean),
    placement: over(placed, popular.mean),
    hash: { factor: ratio / placed.mean, low: ratio / placed.high, high: ratio / placed.low },
  };
}
