/** Runs that come out anyhow, whatever the rate, as when the machine was busy with something else. */
const LAPSE = 0.03;
/** By how many per cent the figure grows for 1 % more traffic, near the limit: a gentle slope to a wall. */
const SLOPES = [1.5, 3, 6, 12, 24, 48, 96];
/** Scale of a figure's noise from run to run, in ln of the figure; the standard deviation is 1.8 times that. */
const NOISES = [0.05, 0.1, 0.2, 0.4];
/**
 * A figure farther from its limit than by a factor of 1.5 counts as beyond, not as so far: no straight line reaches
 * there.
 */
const BAND = Math.log(1.5);
/** Cells of the grid in an interval of the precision that is asked for. */
const CELLS = 8;
/** Rates compared for the next run, and groups of cells that tell them apart. */
const CANDIDATES = 16;
const GROUPS = 48;
/** Ends of the grid where a cell has less than this share of the fullest one are dropped. */
const NEGLIGIBLE = 1e-5;
/** Scale of a logistic distribution ÷ its standard deviation. */
const LOGISTIC = Math.sqrt(3) / Math.PI;

/** What one run said. */
export interface RateOutcome {
  readonly rate: number;
  readonly kept: boolean;
  /** ln(figure ÷ limit), above 0 where the limit is not kept; null: nothing is known but whether it was kept. */
  readonly distance: number | null;
  /** Standard error of the distance by the run's own seconds; 0: not known. */
  readonly error: number;
}

/** What the runs say of the capacity: the rate at which half of them keep the threshold. */
export interface KeptCurve {
  add(outcome: RateOutcome): void;
  /** The rate below which the capacity lies with this chance, above 0, below 1. */
  quantile(chance: number): number;
  /**
   * The highest rate that one more run keeps with this chance, 0.5 … 0.95, with all that is not known of the capacity.
   */
  rateKeptWith(chance: number): number;
  /** Of the rates between these two the one whose run is expected to tell most of the capacity. */
  mostTelling(lowest: number, highest: number): number;
}

/**
 * A straight line through the figures, in ln rate and ln figure, near where it crosses the limit; what lies far from
 * the limit counts as beyond it (censored regression: Tobin, Econometrica 26, 1958). With noise of a logistic
 * distribution this is a logistic curve P(kept | rate). Its posterior is held on a grid of capacity × slope × noise,
 * with a uniform prior of ln capacity, and one of slope and noise that is uniform in the width of the curve (noise ÷
 * slope) and not in its logarithm: a curve that is taken for too narrow ends a search early. A run's noise is at least
 * its own standard error. Without figures it is the grid of Kontsevich & Tyler's psi method (Vision Research 39, 1999);
 * lapses as Wichmann & Hill (Perception & Psychophysics 63, 2001).
 *
 * @param start rate in the middle of the grid, > 0
 * @param precision 0.1: an interval whose ends are 10 % apart is told from wider ones
 * @param widest the grid reaches so many times above and below `start`
 */
export function createKeptCurve(start: number, precision: number, widest: number): KeptCurve {
  const step = Math.log1p(precision) / CELLS;
  const middle = Math.ceil(Math.log(widest) / step);
  const rateAt = (cell: number) => start * Math.exp((cell - middle) * step);
  const cellAt = (rate: number) => Math.log(rate / start) / step + middle;
  const shapes = SLOPES.flatMap((slope) => NOISES.map((noise) => ({ slope, noise })));
  const posterior = shapes.map(({ slope, noise }) => new Float64Array(2 * middle + 1).fill(noise / slope));
  const capacity = new Float64Array(2 * middle + 1).fill(1);
  let [first, last] = [0, 2 * middle];
  let [runs, typicalError] = [0, 0];
  normalise();

  function normalise(): void {
    capacity.fill(0);
    for (const row of posterior) for (let c = first; c <= last; c += 1) capacity[c]! += row[c]!;
    const total = capacity.reduce((sum, mass) => sum + mass, 0);
    let most = 0;
    for (let c = first; c <= last; c += 1) most = Math.max(most, (capacity[c]! /= total));
    for (const row of posterior) for (let c = first; c <= last; c += 1) row[c]! /= total;
    while (capacity[first]! < NEGLIGIBLE * most) first += 1;
    while (capacity[last]! < NEGLIGIBLE * most) last -= 1;
  }

  /** P(kept) of one more run at this cell of the grid, for each shape: of the distance in cells from the capacity. */
  const keptCurves = () =>
    shapes.map(({ slope, noise }) => {
      const scale = (slope * step) / Math.max(noise, typicalError);
      return (cells: number) => LAPSE / 2 + (1 - LAPSE) * logistic(-scale * cells);
    });

  return {
    add({ rate, kept, distance, error }) {
      const at = cellAt(rate);
      const own = error * LOGISTIC;
      typicalError += (own - typicalError) / (runs += 1);
      posterior.forEach((row, s) => {
        const { slope, noise } = shapes[s]!;
        const likelihood = likelihoodOf(kept, distance, Math.max(noise, own));
        for (let c = first; c <= last; c += 1) row[c]! *= likelihood(slope * step * (at - c));
      });
      normalise();
    },
    quantile(chance) {
      let below = 0;
      for (let c = first; c < last; c += 1) {
        if (below + capacity[c]! >= chance) return rateAt(c - 0.5 + (chance - below) / capacity[c]!);
        below += capacity[c]!;
      }
      return rateAt(last - 0.5 + Math.min(1, (chance - below) / capacity[last]!));
    },
    rateKeptWith(chance) {
      const curves = keptCurves();
      const predicted = (at: number) =>
        posterior.reduce((sum, row, s) => {
          let kept = 0;
          for (let c = first; c <= last; c += 1) kept += row[c]! * curves[s]!(at - c);
          return sum + kept;
        }, 0);
      let [low, high] = [0, 2 * middle];
      while (high - low > 0.25) {
        const between = (low + high) / 2;
        if (predicted(between) >= chance) low = between;
        else high = between;
      }
      return rateAt(low);
    },
    mostTelling(lowest, highest) {
      const from = Math.max(first, Math.min(last, cellAt(lowest)));
      const to = Math.max(from, Math.min(last, cellAt(highest)));
      const width = Math.max(1, Math.ceil((last - first + 1) / GROUPS));
      const grouped = posterior.map((row) => groups(row.subarray(first, last + 1), width));
      const curves = keptCurves();
      const asked = Array.from({ length: CANDIDATES }, (_, i) => from + ((i + 0.5) / CANDIDATES) * (to - from));
      const entropies = asked.map((at) => {
        const kept = new Float64Array(grouped[0]!.length);
        const not = new Float64Array(kept.length);
        grouped.forEach((row, s) => {
          for (let g = 0; g < row.length; g += 1) {
            const yes = row[g]! * curves[s]!(at - first - (g + 0.5) * width + 0.5);
            kept[g]! += yes;
            not[g]! += row[g]! - yes;
          }
        });
        return unknownIn(kept) + unknownIn(not);
      });
      return rateAt(asked[entropies.indexOf(Math.min(...entropies))]!);
    },
  };
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** Of the figure's expected distance from the limit, at one capacity and slope. */
function likelihoodOf(kept: boolean, distance: number | null, noise: number): (expected: number) => number {
  if (distance === null || Math.abs(distance) > BAND) {
    const edge = distance === null ? 0 : Math.sign(distance) * BAND;
    const side = kept ? 1 : -1;
    return (expected) => LAPSE / 2 + (1 - LAPSE) * logistic((side * (edge - expected)) / noise);
  }
  return (expected) => {
    const below = logistic((distance - expected) / noise);
    return LAPSE / (4 * BAND) + ((1 - LAPSE) * below * (1 - below)) / noise;
  };
}

/** Sums of neighbouring cells. */
function groups(row: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(Math.ceil(row.length / width));
  row.forEach((mass, c) => (sums[Math.floor(c / width)]! += mass));
  return sums;
}

/** Entropy of what is left after an outcome, times the chance of that outcome. */
function unknownIn(masses: Float64Array): number {
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return masses.reduce((sum, mass) => (mass > 0 ? sum - mass * Math.log(mass / total) : sum), 0);
}
