import { dialogId } from "../../../server/placement/dialog.ts";
import type { Popularity } from "../../traffic/contract.ts";
import { meanTolerance } from "./deviation.ts";
import type { DialogCount } from "../skew/what-if.ts";

/** Bisection of the exponent: 40 halvings of this range. */
const EXPONENTS = { least: -1, most: 8 } as const;
const HALVINGS = 40;

/** The popularity that a run had beside the one asked for. */
export interface ZipfFit {
  /** Exponents. */
  readonly asked: number;
  /** Maximum likelihood. */
  readonly realised: number;
  /** Mean logarithm of the rank of a message, on which the likelihood alone depends. */
  readonly meanLogRank: number;
  readonly expectedLogRank: number;
  /** What chance, and messages that are not among the counts, explain of the difference between these two. */
  readonly tolerance: number;
  readonly messages: number;
}

/**
 * Fits a Zipf law to what was stored. Of n independent messages the mean of ln(rank) is sufficient for the exponent and
 * has a bounded range, so Bernstein's inequality (Boucheron, Lugosi and Massart, Concentration Inequalities, 2013,
 * section 2.8) says how far it may be from its expectation by chance.
 *
 * @param counts messages per dialog
 * @param missing messages that were sent and are not among the counts: each may have had any rank
 * @returns null when nothing of the law's dialogs was stored
 */
export function realisedZipf(popularity: Popularity, counts: readonly DialogCount[], missing: number): ZipfFit | null {
  const stored = new Map(counts.map(({ dialog, count }) => [dialog, count]));
  const logs = new Float64Array(popularity.keys);
  let messages = 0;
  let sum = 0;
  for (let rank = 1; rank <= popularity.keys; rank += 1) {
    const { author, to } = popularity.dialog(rank);
    const count = stored.get(dialogId(author, to)) ?? 0;
    logs[rank - 1] = Math.log(rank);
    messages += count;
    sum += count * Math.log(rank);
  }
  if (messages === 0) return null;
  const meanLogRank = sum / messages;
  const { mean, variance } = moments(logs, popularity.exponent);
  const range = Math.log(popularity.keys);
  return {
    asked: popularity.exponent,
    realised: exponentOf(logs, meanLogRank),
    meanLogRank,
    expectedLogRank: mean,
    tolerance: meanTolerance(variance, range, messages) + (missing / (messages + missing)) * range,
    messages,
  };
}

/** Mean and variance of ln(rank) under rank^−exponent. */
function moments(logs: Float64Array, exponent: number): { readonly mean: number; readonly variance: number } {
  let mass = 0;
  let first = 0;
  let second = 0;
  for (const log of logs) {
    const weight = Math.exp(-exponent * log);
    mass += weight;
    first += weight * log;
    second += weight * log * log;
  }
  const mean = first / mass;
  return { mean, variance: second / mass - mean * mean };
}

/** The exponent whose mean is this one: the mean falls as the exponent rises. */
function exponentOf(logs: Float64Array, mean: number): number {
  let least: number = EXPONENTS.least;
  let most: number = EXPONENTS.most;
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (least + most) / 2;
    if (moments(logs, middle).mean > mean) least = middle;
    else most = middle;
  }
  return (least + most) / 2;
}
