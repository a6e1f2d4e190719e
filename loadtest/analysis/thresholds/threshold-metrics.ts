import { sum } from "d3-array";
import { effectiveShards, gini, maxOverMean, variationCoefficient } from "../../../server/statistics/skew.ts";
import type { Result } from "../result/result.ts";
import { QUANTILES } from "../../measurement/histogram.ts";
import { maxOverMeanInterval, shareInterval, thrownStatistic } from "./intervals.ts";
import { quantileOf } from "../../stats/sampling.ts";
import { certain, NOTHING, type MetricRow, type Reading, type Subject } from "./threshold-metric.ts";
import { blastReading, lagRow, timeRows, TIMES } from "./threshold-times.ts";

const offeredOf = ({ result }: Subject): number[] => result.shards.map(({ offered }) => offered);

/** Percentile bootstrap over messages (Efron & Tibshirani 1993, section 13.3), with a fixed seed. */
function bootstrapped(loads: readonly number[], statistic: (loads: readonly number[]) => number): Reading | null {
  const total = sum(loads);
  if (total === 0) return null;
  const value = statistic(loads);
  const shares = loads.map((load) => load / total);
  const values = thrownStatistic(statistic, total, shares, 2_000, 11);
  const low = Math.min(value, quantileOf(values, 0.025));
  return { value, low, high: Math.max(value, quantileOf(values, 0.975)), samples: total };
}

function shareReading(events: number, n: number): Reading | null {
  return n === 0 ? null : { value: events / n, ...shareInterval(events, n), samples: n };
}

type AuditCount = Exclude<keyof Result["audit"], "acked" | "stored" | "unknownStored" | "twins" | "match" | "history">;

/** A figure of the whole run in which chance has no part. */
function sureRow(kind: MetricRow["kind"], meaning: string, of: (result: Subject["result"]) => number): MetricRow {
  return { kind, meaning, needs: NOTHING, read: ({ result }) => certain(of(result)) };
}

const auditRow = (name: AuditCount, meaning: string): MetricRow =>
  sureRow("count", meaning, ({ audit }) => audit[name]);

const TABLE = {
  ...timeRows(),
  "skew.maxOverMean": {
    kind: "ratio",
    meaning: "largest shard over the mean of all, by offered messages",
    needs: { of: "skew", statistic: maxOverMean },
    read(subject) {
      const loads = offeredOf(subject);
      return { value: subject.result.skew.maxOverMean, ...maxOverMeanInterval(loads), samples: sum(loads) };
    },
  },
  "skew.effectiveShards": {
    kind: "ratio",
    meaning: "how many even shards would carry the load as badly",
    needs: { of: "skew", statistic: effectiveShards },
    read(subject) {
      const loads = offeredOf(subject);
      const { low, high } = maxOverMeanInterval(loads);
      const value = subject.result.skew.effectiveShards;
      return { value, low: loads.length / high, high: loads.length / low, samples: sum(loads) };
    },
  },
  "skew.cv": {
    kind: "share",
    meaning: "standard deviation of the shards over their mean",
    needs: { of: "skew", statistic: variationCoefficient },
    read: (subject) => bootstrapped(offeredOf(subject), variationCoefficient),
  },
  "skew.gini": {
    kind: "ratio",
    meaning: "0 even … 1 all on one",
    needs: { of: "skew", statistic: gini },
    read: (subject) => bootstrapped(offeredOf(subject), gini),
  },
  share: {
    kind: "share",
    perShard: "only",
    meaning: "of the offered messages",
    needs: NOTHING,
    read(subject) {
      const loads = offeredOf(subject);
      const shard = subject.result.shards.find(({ label }) => label === subject.shard);
      return shareReading(shard?.offered ?? 0, sum(loads));
    },
  },
  busy: {
    kind: "share",
    perShard: "only",
    meaning: "of the time, a commit was under way",
    needs: NOTHING,
    read({ result, shard }) {
      const found = result.shards.find(({ label }) => label === shard);
      return found === undefined ? null : certain(found.busy);
    },
  },
  "blastRadius.p99": {
    kind: "ratio",
    meaning: "p99 of innocent dialogs on the hot shard over that elsewhere",
    needs: { of: "blast" },
    read: blastReading,
  },
  "headroom.growth": {
    kind: "share",
    meaning: "growth of the traffic until the first shard saturates",
    needs: NOTHING,
    read({ result: { headroom } }) {
      if (headroom === null) return null;
      return { value: headroom.growthToLimit, low: null, high: null, ...headroom.growthInterval, samples: null };
    },
  },
  "traffic.rate": {
    kind: "rate",
    meaning: "acknowledged messages per second",
    needs: { of: "rate" },
    // A schedule holds as many messages as were asked for: chance has no part in it.
    read: ({ result }) => certain(result.traffic.rate),
  },
  errors: {
    kind: "share",
    meaning: "messages that were refused, had no answer, or had an author without a connection",
    needs: { of: "share" },
    read({ result: { traffic } }) {
      const { sent, refused, unknown, notConnected } = traffic;
      return shareReading(refused + unknown + notConnected, sent + notConnected);
    },
  },
  "audit.lost": auditRow("lost", "acknowledged and not stored"),
  "audit.duplicated": auditRow("duplicated", "received twice by a reader"),
  "audit.reordered": auditRow("reordered", "received after a later message"),
  "audit.undelivered": auditRow("undelivered", "acknowledged, and never received by a reader who was connected"),
  "audit.missedWhileAway": auditRow("missedWhileAway", "not received by a reader who had lost its connection"),
  "audit.extraCopies": auditRow("extraCopies", "second rows of re-minted messages"),
  "audit.unknown": auditRow("unknown", "without an answer"),
  "sendLag.p99": lagRow("sendLag", "generator: actual − intended moment of the send"),
  "handlerLag.p99": lagRow("handlerLag", "generator: handler − socket"),
  "generator.cpu": sureRow("share", "busy share of one core", ({ generator }) => generator.cpu),
  "generator.dropped": sureRow(
    "count",
    "due and never sent: the generator was late, or the author not connected",
    ({ traffic }) => traffic.late + traffic.notConnected,
  ),
  "traffic.notConnected": sureRow(
    "count",
    "due and never sent, as their author had no connection",
    ({ traffic }) => traffic.notConnected,
  ),
} satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof TABLE;

/** Every metric that a threshold may name. */
export const METRICS: Readonly<Record<MetricName, MetricRow>> = TABLE;
export const METRIC_NAMES = Object.keys(TABLE) as readonly MetricName[];

/** All of them in a line: those that differ by the percentile only stand together. */
export function metricsInWords(): string {
  const times = Object.keys(TIMES).map((name) => `${name}.{${Object.keys(QUANTILES).join(",")}}`);
  const others = METRIC_NAMES.filter((name) => !Object.keys(TIMES).some((time) => name.startsWith(`${time}.`)));
  const ofShard = others.filter((name) => METRICS[name].perShard === "only").map((name) => `shard.LABEL.${name}`);
  const ofRun = others.filter((name) => METRICS[name].perShard === undefined);
  return [...times.map((name) => `[shard.LABEL.]${name}`), ...ofShard, ...ofRun].join(", ");
}
