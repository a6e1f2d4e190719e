import { createKeptCurve, type RateOutcome } from "./kept-curve.ts";

/** What one run says of its rate. `generator`: it could not make the rate, so nothing is known of the server there. */
export type Vote = "pass" | "fail" | "generator";

/** Of the intervals that are told. */
export const LEVEL = 0.95;
const TAIL = (1 - LEVEL) / 2;
/** Of ten runs at a rate that may be relied on, nine keep the threshold. */
const RELIABLE = 0.9;
/** No search goes further than this from where it began, up or down. */
const WIDEST = 2 ** 12;
/** Largest step upwards, even when a forecast promises more. */
const LARGEST_STEP = 8;

/** What is known of the capacity: the rate at which half of the runs keep the threshold. Messages per second. */
export interface Capacity95 {
  /** The likeliest half-way: it is lower and higher with equal chance; null: no run kept it, or every one did. */
  readonly estimate: number | null;
  /** Lower end of the 95 % interval; null: no run kept it. The highest rate tried when every run kept it. */
  readonly low: number | null;
  /** Upper end; null: every run kept it. The lowest rate tried when none did. */
  readonly high: number | null;
  /** The highest rate that one more run keeps with a chance of 90 %; null as `estimate`. */
  readonly reliable: number | null;
  /** What kept the runs near `high` from passing; null: every run passed. */
  readonly ceiling: "threshold" | "generator" | null;
}

/** What a run at `next()` said. */
export interface Told extends Pick<RateOutcome, "distance" | "error"> {
  readonly vote: Vote;
  /** Rate that its report expects the first shard to take for sure; null when it cannot tell. */
  readonly forecast: number | null;
}

/** Asks for one run after the other. */
export interface Search {
  /** Rate of the next run, per second; null when the interval is narrow enough, or the search has gone too far. */
  next(): number | null;
  tell(run: Told): void;
  found(): Capacity95;
}

/**
 * Finds the rate that half of the runs keep. The rate is doubled, or halved, until runs differ; from then on the next
 * rate is the one whose outcome is expected to leave the least entropy of the capacity (Kontsevich & Tyler, Vision
 * Research 39, 1999; of the capacity alone: Prins, J. Vision 13(7), 2013), until the 95 % interval is as narrow as
 * asked.
 *
 * @param start first rate, > 0
 * @param precision 0.1: the ends of the 95 % interval are at most 10 % apart
 */
export function createSearch(start: number, precision: number): Search {
  const curve = createKeptCurve(start, precision, 2 * WIDEST);
  const tried: { rate: number; vote: Vote }[] = [];
  let rate: number | null = start;
  let highestKept: number | null = null;
  let lowestNot: number | null = null;

  function following(forecast: number | null): number | null {
    if (highestKept === null) return lowestNot! / 2 < start / WIDEST ? null : rounded(lowestNot! / 2);
    if (lowestNot === null) {
      if (highestKept * 2 > start * WIDEST) return null;
      const promised = forecast === null ? 0 : Math.min(forecast * 0.8, highestKept * LARGEST_STEP);
      return rounded(Math.max(highestKept * 2, promised));
    }
    if (curve.quantile(1 - TAIL) <= curve.quantile(TAIL) * (1 + precision)) return null;
    return rounded(curve.mostTelling(lowestNot / 2, highestKept * 2));
  }

  function found(): Capacity95 {
    const ceiling = ceilingOf(tried);
    if (highestKept === null || lowestNot === null) {
      return { estimate: null, low: highestKept, high: lowestNot, reliable: null, ceiling };
    }
    return {
      estimate: curve.quantile(0.5),
      low: curve.quantile(TAIL),
      high: curve.quantile(1 - TAIL),
      reliable: curve.rateKeptWith(RELIABLE),
      ceiling: ceilingOf(tried, curve.quantile(1 - TAIL)),
    };
  }

  return {
    next: () => rate,
    tell({ vote, distance, error, forecast }) {
      const kept = vote === "pass";
      curve.add({ rate: rate!, kept, distance, error });
      tried.push({ rate: rate!, vote });
      if (kept) highestKept = Math.max(highestKept ?? 0, rate!);
      else lowestNot = Math.min(lowestNot ?? Infinity, rate!);
      rate = following(forecast);
    },
    found,
  };
}

/** Of the runs that did not pass, those up to `high` decide; without any, the one that is nearest to it. */
function ceilingOf(tried: readonly { rate: number; vote: Vote }[], high = 0): Capacity95["ceiling"] {
  const not = tried.filter(({ vote }) => vote !== "pass").sort((a, b) => a.rate - b.rate);
  if (not.length === 0) return null;
  const near = not.filter(({ rate }, i) => i === 0 || rate <= high);
  return near.filter(({ vote }) => vote === "generator").length * 2 > near.length ? "generator" : "threshold";
}

/** Rates that a person can read: three digits, and whole from 100 on. */
function rounded(rate: number): number {
  return rate >= 1_000 ? Math.round(rate / 10) * 10 : Number(rate.toPrecision(3));
}

/** Runs of a search that ends so many doublings above its start, where figures are quiet and where they are noisy. */
export function runsNeeded(doublings: number, precision: number): { readonly few: number; readonly many: number } {
  const narrowing = Math.log2(Math.LN2 / Math.log1p(precision));
  return { few: Math.round(3 + doublings + narrowing), many: Math.round(4 + doublings + 0.8 / precision + narrowing) };
}
