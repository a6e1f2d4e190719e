import { arrivalsOf } from "../../../traffic/arrivals/registry.ts";
import { messagesOf } from "../../../traffic/asked.ts";
import type { Settings } from "./settings.ts";
import { COUNTERS, TRENDS } from "../../../measurement/metric-names.ts";
import { countOfShard, measured, ofShard } from "./metric-names.ts";

/**
 * What makes `k6 run` exit with 99. A tagged row reaches the summary only when a threshold names it, so every shard's
 * rows have one that always holds; and a trend without samples passes, so "at least one ack" is a counter's.
 *
 * One k6 of several cannot judge whether everything was delivered: its users' messages go to the others' too.
 */
export function thresholds(settings: Settings): Record<string, string[]> {
  const { labels, vus, maxLagMs, generators } = settings;
  const most = mostFailures(settings);
  const rules: Record<string, string[]> = {
    [COUNTERS.acked]: ["count>0"],
    ...(most === null ? { [COUNTERS.failedBeyond]: ["count==0"] } : { [COUNTERS.failed]: [`count<=${most}`] }),
    [COUNTERS.finished]: [`count==${vus}`],
    [measured(TRENDS.sendLag)]: [`p(99)<${maxLagMs}`],
    dropped_iterations: ["count==0"],
  };
  for (const name of ["connectionFailures", "lateVus", "unaccounted"] as const) {
    rules[COUNTERS[name]] = ["count==0"];
  }
  if (generators === 1) rules[COUNTERS.undelivered] = ["count<=0"];
  for (const name of ["duplicated", "reordered"] as const) rules[COUNTERS[name]] = ["count==0"];
  for (const metric of [TRENDS.delivery, TRENDS.service, TRENDS.commit]) {
    rules[measured(metric)] = ["max>=0"];
    for (const label of labels) rules[ofShard(metric, label)] = ["max>=0"];
  }
  for (const label of labels) {
    for (const name of [COUNTERS.acked, COUNTERS.auditSum]) rules[countOfShard(name, label)] = ["count>=0"];
  }
  return rules;
}

/**
 * Messages that may fail: k6 knows no share of two counters, and what a schedule holds is known before it starts.
 *
 * @returns null of a closed model, which has no schedule
 */
export function mostFailures({ maxErrors, dials, generators }: Settings): number | null {
  if (!arrivalsOf(dials).isOpen) return null;
  const { warmup, measured } = messagesOf(dials);
  return Math.floor((maxErrors * (warmup + measured)) / generators);
}
