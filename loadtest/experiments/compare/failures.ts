import { createDependence, type StandardError } from "../../stats/dependence.ts";
import type { RunSeries } from "../../analysis/slices/series.ts";
import type { ComparedRun } from "./comparable.ts";

/** Differences of the share of failed messages up to this are ignored: what a run may fail by default, too. */
export const FAILURES_TOLERANCE = 0.001;

/** Fewer cells show nothing of how failures are spread over time: in alternation the rounds do. */
const LEAST_CELLS = 3;

/** Degrees of freedom of an error that comes from counts alone. */
const MANY = 1_000;

/** The share of the messages that were refused, had no answer, or could not be sent for want of a connection. */
export interface FailedShare extends StandardError {
  /** 0…1. */
  readonly share: number;
  /** What the error is at least: that of as many independent messages. */
  readonly least: number;
}

/**
 * Failures come in bursts: the error of their share is that which the run's seconds show (`createDependence`), where
 * the slices have them, and never less than that of as many independent messages, by the counts with a failure and a
 * message that did not fail more (Agresti & Caffo, Amer. Statist. 54, 2000): none seen does not mean none.
 *
 * @returns null when nothing was sent
 */
export function failedShareOf({ result, series }: ComparedRun): FailedShare | null {
  const { notConnected, refused, sent, unknown } = result.traffic;
  const [failed, all] = [refused + unknown + notConnected, sent + notConnected];
  if (all === 0) return null;
  const guarded = (failed + 1) / (all + 2);
  const least = Math.sqrt((guarded * (1 - guarded)) / (all + 2));
  const seen = errorBySeconds(series);
  return { share: failed / all, least, ...(seen.error > least ? seen : { error: least, freedom: MANY }) };
}

function errorBySeconds({ seconds, shards }: RunSeries): StandardError {
  const sumOver = (name: "acked" | "failed") =>
    Float64Array.from(seconds, (_, i) => shards.reduce((sum, shard) => sum + shard[name][i]!, 0));
  const [acked, failed] = [sumOver("acked"), sumOver("failed")];
  const due = acked.map((count, i) => count + failed[i]!);
  const [all, lost] = [due, failed].map((counts) => counts.reduce((sum, count) => sum + count, 0)) as [number, number];
  if (lost === 0 || seconds.length < LEAST_CELLS) return { error: 0, freedom: MANY };
  const dependence = createDependence(seconds.length);
  const evidence = dependence.evidenceOf(failed.map((count, i) => (count - (lost / all) * due[i]!) / all));
  return dependence.errorOf(evidence, dependence.chancesOf([evidence]));
}
