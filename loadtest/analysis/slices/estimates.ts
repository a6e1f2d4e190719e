import { count } from "../../stats/format.ts";
import { createDependence, type Dependence, type Evidence, type StandardError } from "../../stats/dependence.ts";
import { measuresOf, placesToMedian, takeMeasures, type Quantile } from "./measures.ts";
import type { RunSeries } from "./series.ts";

/** A figure of `measuresOf` on the natural logarithmic scale, with its standard error from the run's own slices. */
export interface Estimate extends StandardError {
  readonly log: number;
  /** Of a quantile; null for other figures. */
  readonly quantile: (Quantile & QuantileError) | null;
}

interface QuantileError {
  /** Standard error of the share of samples that lie below the quantile. */
  readonly shareError: number;
  /** Independent samples that would know that share as well (Kish, Survey Sampling, 1965). */
  readonly worth: number;
}

/**
 * Shares of the samples between which the quantile lies, so many standard errors of its share to either side. By
 * logits, so that they lie between 0 and 1; read from the distribution they are an interval of the quantile (Woodruff,
 * J. Amer. Statist. Assoc. 47, 1952), which is longer to the side where samples are rare.
 */
export function sharesAround(q: number, reach: number): [low: number, high: number] {
  const at = (step: number) => 1 / (1 + ((1 - q) / q) * Math.exp(-step));
  const step = reach / (q * (1 - q));
  return [at(-step), at(step)];
}

/** Standard errors to either side over which the error of a quantile is measured: those of a 95 % interval. */
const SPAN = 2;

/**
 * Every figure of `measuresOf`, in its order, for each of some runs of the same story. How much seconds resemble their
 * neighbours is half a question of the figure itself, in all these runs, and half of the same figure of every shard: so
 * many series know better than one of 20 seconds, and one shard with a queue still is not judged by its idle
 * neighbours.
 *
 * @param runs of at least 3 cells each
 */
export function estimatesOf(runs: readonly RunSeries[]): Estimate[][] {
  const seen = runs.map((series) => {
    const dependence = createDependence(series.seconds.length);
    const figures = takeMeasures(series).map((taken) => ({
      ...taken,
      evidence: dependence.evidenceOf(taken.influence),
    }));
    return { series, dependence, figures };
  });
  return seen.map(({ dependence, figures, series }) => {
    const alike = seen.filter((other) => isAlike(other.series, series));
    const chances = chancesOfAll(
      series,
      dependence,
      alike.map((other) => other.figures),
    );
    return figures.map(({ evidence, log, quantile }, i) => {
      // What moves the median of a second moves its p95 and its p99, of which a calm time shows little.
      const back = quantile === null ? 0 : placesToMedian(quantile.q);
      const ways = back > 0 ? halfEach(chances[i]!, chances[i - back]!) : chances[i]!;
      return estimateOf(log, dependence.errorOf(evidence, ways), quantile);
    });
  });
}

/** By figure, the chances of each way in which it may be correlated. */
function chancesOfAll(
  { labels }: RunSeries,
  dependence: Dependence,
  runs: readonly (readonly { readonly evidence: Evidence }[])[],
): Float64Array[] {
  const measures = measuresOf(labels);
  const evidenceAt = (places: readonly number[]) => runs.flatMap((figures) => places.map((i) => figures[i]!.evidence));
  const ofShards = new Map<string, Float64Array>();
  for (const { metric } of measures) {
    const places = [...measures.keys()].filter((i) => measures[i]!.metric === metric && measures[i]!.shard !== null);
    if (places.length > 0 && !ofShards.has(metric)) ofShards.set(metric, dependence.chancesOf(evidenceAt(places)));
  }
  return measures.map(({ metric }, i) => {
    const own = dependence.chancesOf(evidenceAt([i]));
    return halfEach(own, ofShards.get(metric) ?? own);
  });
}

const halfEach = (a: Float64Array, b: Float64Array): Float64Array => a.map((chance, i) => (chance + b[i]!) / 2);

/** Cells of one length, of the same shards. */
const isAlike = (a: RunSeries, b: RunSeries): boolean =>
  a.seconds[0] === b.seconds[0] && a.labels.join(" ") === b.labels.join(" ");

function estimateOf(log: number, { error, freedom }: StandardError, quantile: Quantile | null): Estimate {
  if (quantile === null) return { log, error, freedom, quantile };
  const { q, logAt } = quantile;
  const [low, high] = sharesAround(q, SPAN * error);
  return {
    log,
    error: (logAt(high) - logAt(low)) / (2 * SPAN),
    freedom,
    quantile: { ...quantile, shareError: error, worth: (q * (1 - q)) / error ** 2 },
  };
}

/**
 * So many independent samples on either side of a quantile make its error known (Cochran's rule; Biometrics 10, 1954).
 */
const LEAST_BEYOND = 5;

/** Fewer cells than this show nothing of how the samples above a quantile are spread over time. */
const LEAST_CELLS = 5;

/** Why a quantile has no error that could be trusted, as words after its name; null when it has one. */
export function unknownOf({ quantile }: Estimate): string | null {
  if (quantile === null) return null;
  const { cellsAbove, q, worth } = quantile;
  const least = Math.round(LEAST_BEYOND / (1 - q));
  if (worth >= least) return cellsAbove < LEAST_CELLS ? "was made by a few moments of a run" : null;
  return (
    `rests on samples worth ${count(Math.floor(worth))} independent ones, as its seconds are correlated, and ` +
    `needs ${count(least)}`
  );
}
