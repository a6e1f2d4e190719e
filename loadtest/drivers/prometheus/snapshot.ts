import type { HistogramCopy } from "../../measurement/histogram.ts";
import type { ShardMeasurement } from "../../measurement/measurement.ts";
import type { CounterName } from "../../measurement/metric-names.ts";

/** What one generator has counted since its start, at one moment. */
export interface Snapshot {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Those that are of no shard; what is left out is not known, or not yet. */
  readonly counts: Readonly<Partial<Record<CounterName, number>>>;
  readonly shards: readonly ShardSnapshot[];
  /** Milliseconds, as all durations here; of the measured phase. */
  readonly sendLag: HistogramCopy;
  /** Loops that make load at this moment: one of a Node process, none after its end. */
  readonly loops: number;
}

/** As `ShardMeasurement`. */
export type ShardSnapshot = Readonly<
  { label: string } & Pick<ShardMeasurement, "acked" | "sum"> &
    Record<"delivery" | "innocent" | "service" | "commit", HistogramCopy>
>;
