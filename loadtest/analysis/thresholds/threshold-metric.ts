import type { Measurement } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";
import type { NeverCame } from "../failures/failures.ts";
import type { Interval } from "./intervals.ts";

/** What a threshold is read from. */
export interface Subject {
  readonly result: Omit<Result, "thresholds">;
  readonly measurement: Measurement;
  /** As `Failures.never`. */
  readonly never: ReadonlyMap<string, NeverCame>;
  /** Null: the whole run. */
  readonly shard: string | null;
}

/** A value with its 95 % interval; both ends null where chance has no part or nobody can tell. */
export interface Reading extends Interval {
  /** Infinite: so many failed that this quantile never came. */
  readonly value: number;
  /** Messages among the samples that failed: each took longer than any that came. */
  readonly never?: number;
  /** What it rests on; null when it is no statistic of samples. */
  readonly samples: number | null;
}

/** What decides how long a run must be. */
export type Needs =
  | { readonly of: "quantile"; readonly samples: "deliveries" | "messages" | "innocents"; readonly q: number }
  | { readonly of: "skew"; readonly statistic: (loads: readonly number[]) => number }
  | { readonly of: "share" }
  | { readonly of: "rate" }
  | { readonly of: "blast" }
  | { readonly of: "nothing" };

/** A figure that a threshold may name. */
export interface MetricRow {
  readonly kind: "ms" | "ratio" | "share" | "rate" | "count";
  readonly meaning: string;
  /** Whether `shard.LABEL.` may stand before it, or must. */
  readonly perShard?: true | "only";
  readonly needs: Needs;
  /** @returns null when the run cannot tell */
  readonly read: (subject: Subject) => Reading | null;
}

/** Factors to the base unit. */
export const UNITS: Readonly<Record<MetricRow["kind"], Readonly<Record<string, number>>>> = {
  ms: { us: 0.001, ms: 1, s: 1000 },
  ratio: { "": 1, x: 1 },
  share: { "%": 0.01, "": 1 },
  rate: { "/s": 1 },
  count: { "": 1 },
};

/** Of figures that a run of any length knows. */
export const NOTHING: Needs = { of: "nothing" };

/** A figure in which chance has no part. */
export const certain = (value: number): Reading => ({ value, low: null, high: null, samples: null });
