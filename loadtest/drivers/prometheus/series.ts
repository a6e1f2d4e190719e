import type { HistogramCopy } from "../../measurement/histogram.ts";
import { COUNTERS, TRENDS, type CounterName } from "../../measurement/metric-names.ts";
import { nativeHistogram, type NativeHistogram } from "./native-histogram.ts";
import type { Snapshot } from "./snapshot.ts";

type Labels = Readonly<Record<string, string>>;

/** One series and its value of now. */
export interface Series {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number | NativeHistogram;
}

/** Durations that nobody has measured yet are left out: a quantile of nothing is no number. */
const isKnown = ({ count }: HistogramCopy): boolean => count > 0;

/**
 * The series of a snapshot, named and labelled as k6 writes them, with its prefix: one dashboard reads both. Durations
 * are of the measured phase, and service times of hot dialogs and others together.
 *
 * @param common labels of all of them
 */
export function seriesOf({ counts, loops, sendLag, shards }: Snapshot, common: Labels): Series[] {
  const all: Series[] = [{ name: "k6_vus", labels: common, value: loops }];
  const count = (counter: CounterName, labels: Labels, value: number) =>
    all.push({ name: `k6_${COUNTERS[counter]}_total`, labels: { ...common, ...labels }, value });
  const time = (trend: keyof typeof TRENDS, labels: Labels, durations: HistogramCopy) => {
    if (!isKnown(durations)) return;
    const value = nativeHistogram(durations);
    all.push({ name: `k6_${TRENDS[trend]}_seconds`, labels: { ...common, phase: "measure", ...labels }, value });
  };
  for (const [counter, value] of Object.entries(counts)) count(counter as CounterName, {}, value);
  time("sendLag", {}, sendLag);
  for (const { label: shard, ...of } of shards) {
    count("acked", { shard }, of.acked);
    count("auditSum", { shard }, of.sum);
    time("delivery", { shard, hot: "false" }, of.innocent);
    time("delivery", { shard, hot: "true" }, less(of.delivery, of.innocent));
    time("service", { shard }, of.service);
    time("commit", { shard, hot: "false" }, of.commit);
  }
  return all;
}

/** What is in `all` and not in `part`, of which all is in `all`. */
function less(all: HistogramCopy, part: HistogramCopy): HistogramCopy {
  return {
    count: all.count - part.count,
    sum: all.sum - part.sum,
    counts: all.counts.map((count, bucket) => count - part.counts[bucket]!),
  };
}
