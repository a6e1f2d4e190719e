/** What one run says of its rate. `generator`: it could not make the rate, so nothing is known of the server there. */
export type Vote = "pass" | "fail" | "generator";

/** A rate is decided when one side leads by so much; a run that is far from the limit counts as much alone. */
const LEAD = 2;
/** Runs at one rate; when they leave no such lead, most of them decide, and a tie counts as too high. */
const MOST_RUNS = 5;
/** No search goes further than this from where it began, up or down. */
const WIDEST = 2 ** 12;
/** Largest step upwards, even when a forecast promises more. */
const LARGEST_STEP = 8;

/** A run some 10 % from the capacity votes right with this chance. */
const RIGHT = 0.85;

/**
 * Chance that a lead of so many votes decides wrongly: 1 ÷ (1 + (p ÷ q)^lead), 3 % for two and 15 % for one (Wald, Ann.
 * Math. Statist. 16, 1945).
 */
const chanceOfError = (lead: number): number => 1 / (1 + (RIGHT / (1 - RIGHT)) ** lead);

export interface Bracket {
  /** Highest rate that passed; null: none did. */
  readonly low: number | null;
  /** Lowest rate above it that did not; null: all passed. */
  readonly high: number | null;
  /** What kept the run at `high` from passing. */
  readonly ceiling: "threshold" | "generator" | null;
  /** That no rate was decided wrongly, 0…1: chances of error add up over the rates, see `chanceOfError`. */
  readonly confidence: number;
}

/** Asks for one run after the other. */
export interface Search {
  /** Rate of the next run, per second; null when the bracket is narrow enough, or the search has gone too far. */
  next(): number | null;
  /**
   * What the run at `next()` said.
   *
   * @param clear whether it was far from the limit
   * @param forecast rate at which its report expects the first shard to saturate; null when it cannot tell
   */
  tell(vote: Vote, clear: boolean, forecast: number | null): void;
  bracket(): Bracket;
}

/**
 * Finds the highest rate that passes: doubling until a rate does not pass, then halving the ratio between the two ends.
 * Runs are noisy, so a rate near the limit is tried again until one side leads: binary search with repeated questions
 * (Feige, Raghavan, Peleg & Upfal, SIAM J. Comput. 23, 1994; Karp & Kleinberg, SODA 2007).
 *
 * @param start first rate, > 0
 * @param precision 0.05: the ends of the bracket are at most 5 % apart
 */
export function createSearch(start: number, precision: number): Search {
  let low: number | null = null;
  let high: number | null = null;
  let ceiling: Bracket["ceiling"] = null;
  let rate: number | null = start;
  let doubt = 0;
  let votes: { vote: Vote; weight: number }[] = [];

  function decide(lead: number, forecast: number | null): void {
    if (lead > 0) low = rate;
    else {
      high = rate;
      ceiling = votes.filter(({ vote }) => vote === "generator").length * 2 > votes.length ? "generator" : "threshold";
    }
    // A run far from the limit is not wrong.
    if (votes.every(({ weight }) => weight < LEAD)) doubt += chanceOfError(Math.abs(lead));
    votes = [];
    rate = following(forecast);
  }

  function following(forecast: number | null): number | null {
    if (low === null) return high! / 2 < start / WIDEST ? null : rounded(high! / 2);
    if (high === null) {
      if (low * 2 > start * WIDEST) return null;
      const promised = forecast === null ? 0 : Math.min(forecast * 0.8, low * LARGEST_STEP);
      return rounded(Math.max(low * 2, promised));
    }
    const middle = rounded(Math.sqrt(low * high));
    return high / low <= 1 + precision || middle <= low || middle >= high ? null : middle;
  }

  return {
    next: () => rate,
    tell(vote, clear, forecast) {
      votes.push({ vote, weight: clear ? LEAD : 1 });
      const lead = votes.reduce((sum, one) => sum + (one.vote === "pass" ? one.weight : -one.weight), 0);
      if (Math.abs(lead) >= LEAD || votes.length === MOST_RUNS) decide(lead, forecast);
    },
    bracket: () => ({ low, high, ceiling, confidence: Math.max(0, 1 - doubt) }),
  };
}

/** Rates that a person can read: three digits, and whole from 100 on. */
function rounded(rate: number): number {
  return rate >= 1_000 ? Math.round(rate / 10) * 10 : Number(rate.toPrecision(3));
}

/** Rates that a search asks for when it ends so many doublings above its start: for a word about the time it will take. */
export function ratesNeeded(doublings: number, precision: number): number {
  return 1 + doublings + Math.ceil(Math.log2(Math.LN2 / Math.log1p(precision)));
}
