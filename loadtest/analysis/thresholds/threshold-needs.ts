import { ConfigError } from "../../../server/config-error.ts";
import { count, plural } from "../../stats/format.ts";
import type { Dials } from "../../traffic/contract.ts";
import type { ExpectedShard, ExpectedTraffic } from "../skew/expected-traffic.ts";
import { samplesForQuantile, thrownStatistic } from "./intervals.ts";
import { quantileOf } from "../../stats/sampling.ts";
import { holds, type Threshold } from "./threshold.ts";
import type { Needs } from "./threshold-metric.ts";
import { METRICS } from "./threshold-metrics.ts";

/** What a run lacks to know a threshold. */
interface Lack {
  readonly why: string;
  /** The run must be so many times as long; null: no length helps. */
  readonly times: number | null;
}

/** Chance alone stays on the good side in 99 of 100 runs. */
const CERTAINTY = 0.99;
/** Head room over what is expected, as a shard's part of the messages is left to chance. */
const MARGIN = 1.1;
const BLAST_QUANTILE = 0.99;

/**
 * Refuses thresholds that this run could not know, before it is driven.
 *
 * @throws {ConfigError} TOO_SHORT, or UNKNOWABLE when a longer run would not know it either; each threshold is named
 */
export function refuseUnknowable(thresholds: readonly Threshold[], expected: ExpectedTraffic, dials: Dials): void {
  const lacks = thresholds.flatMap((threshold) => {
    const lack = lackOf(threshold, expected);
    return lack === null ? [] : [{ ...lack, text: threshold.text }];
  });
  if (lacks.length === 0) return;
  const told = lacks.map(({ text, why }) => `${text} ${why}`).join("; ");
  const times = lacks.map((lack) => lack.times);
  if (times.includes(null)) throw new ConfigError("UNKNOWABLE", `--fail-on ${told}`);
  const seconds = Math.ceil(dials.durationS * Math.max(...times.map(Number)) * MARGIN);
  throw new ConfigError("TOO_SHORT", `--fail-on ${told}. Give --duration ${seconds}s, or a higher --rate`);
}

function lackOf(threshold: Threshold, expected: ExpectedTraffic): Lack | null {
  const { shard, metric } = threshold;
  if (shard !== null && !expected.byShard.has(shard)) {
    const labels = [...expected.byShard.keys()].join(", ");
    return { why: `names no shard of this server, which has ${labels}`, times: null };
  }
  const { needs } = METRICS[metric];
  if (needs.of === "quantile") return lackOfSamples(needs, samplesOf(needs.samples, expected, shard));
  if (needs.of === "skew") return lackOfEvenness(threshold, needs.statistic, expected);
  if (needs.of === "share") return lackOfEvents(threshold.limit, sumOf(expected, "messages"));
  if (needs.of === "rate") return lackOfRate(threshold, expected.perS);
  return needs.of === "blast" ? lackOfBlast(expected) : null;
}

type Quantile = Extract<Needs, { of: "quantile" }>;

const sumOf = ({ byShard }: ExpectedTraffic, name: keyof ExpectedShard): number =>
  [...byShard.values()].reduce((sum, shard) => sum + shard[name], 0);

function samplesOf(name: Quantile["samples"], expected: ExpectedTraffic, shard: string | null): number {
  return shard === null ? sumOf(expected, name) : (expected.byShard.get(shard)?.[name] ?? 0);
}

function lackOfSamples({ q, samples }: Quantile, have: number): Lack | null {
  const need = q < 1 ? samplesForQuantile(q) : 1;
  if (have >= need) return null;
  if (have === 0) return { why: `has nothing to measure: no ${samples} are expected`, times: null };
  return {
    why: `needs ${count(need)} ${samples} in the measured phase for its 95 % interval, and ${count(have)} are expected`,
    times: need / have,
  };
}

/** 99 of 100 runs of as many equally heavy keys, spread by chance alone, are at least as even as this. */
function evennessByChance(keys: number, shards: number, statistic: (loads: readonly number[]) => number, q: number) {
  const shares = Array.from<number>({ length: shards }).fill(1 / shards);
  return quantileOf(thrownStatistic(statistic, keys, shares, 1_000, 13), q);
}

/** Only a threshold that asks for evenness can be missed by chance; one that asks for skew is kept by skew alone. */
function lackOfEvenness(
  threshold: Threshold,
  statistic: (loads: readonly number[]) => number,
  { byShard, dialogs, messages }: ExpectedTraffic,
): Lack | null {
  const { op, limit } = threshold;
  const shards = byShard.size;
  const even = statistic(Array.from<number>({ length: shards }).fill(1));
  const skewed = statistic([1, ...Array.from<number>({ length: shards - 1 }).fill(0)]);
  const isUpper = op.startsWith("<");
  const best = isUpper ? Math.min(even, skewed) : Math.max(even, skewed);
  if (!holds(best, threshold)) {
    const bound = `${isUpper ? "at least" : "at most"} ${Number(best.toFixed(2))} on ${plural(shards, "shard")}`;
    return { why: `can never hold: it is ${bound}`, times: null };
  }
  // Effective shards fall with skew, the other figures rise.
  if (shards < 2 || isUpper === skewed < even) return null;
  const quantile = isUpper ? CERTAINTY : 1 - CERTAINTY;
  const room = Math.abs(limit - even);
  const keeps = (keys: number) => {
    const chance = evennessByChance(keys, shards, statistic, quantile);
    return isUpper ? chance < limit : chance > limit;
  };
  if (keeps(Math.max(1, Math.round(Math.min(dialogs, messages))))) return null;
  const chance = evennessByChance(dialogs, shards, statistic, quantile);
  const why =
    `is within the noise: ${count(dialogs)} equally heavy dialogs on ${shards} shards reach ` +
    `${chance.toFixed(2)} by chance alone in 1 of 100 runs`;
  const needed = room > 0 ? dialogs * (Math.abs(chance - even) / room) ** 2 : Number.POSITIVE_INFINITY;
  // As many messages as dialogs: each message still brings a new one, so a longer run has more of them.
  const grows = dialogs > messages / 2 && (isUpper ? limit > even : limit < even);
  if (grows) return { why, times: needed / dialogs };
  const remedy = Number.isFinite(needed) ? `; it takes about ${count(needed)} dialogs, so raise --users` : "";
  return { why: `${why}${remedy}`, times: null };
}

/** Without any event the 97.5 % upper end of a share is 1 − 0.025^(1/n); it must reach below the limit. */
function lackOfEvents(limit: number, have: number): Lack | null {
  if (limit <= 0 || limit >= 1) return null;
  const need = Math.ceil(Math.log(0.025) / Math.log(1 - limit));
  if (have >= need) return null;
  return {
    why: `needs ${count(need)} messages to tell so small a share, and ${count(have)} are expected`,
    times: need / Math.max(1, have),
  };
}

/** No more can be acknowledged than the schedule holds. */
function lackOfRate(threshold: Threshold, perS: number): Lack | null {
  if (!threshold.op.startsWith(">") || holds(perS, threshold)) return null;
  return { why: `can never hold: the schedule holds ${Number(perS.toFixed(2))} messages per second`, times: null };
}

function lackOfBlast(expected: ExpectedTraffic): Lack | null {
  const shards = [...expected.byShard.values()];
  if (!expected.hot || shards.length < 2) {
    return { why: "needs a scenario with something hot, and at least two shards", times: null };
  }
  const hot = shards.reduce((most, shard) => (shard.messages > most.messages ? shard : most));
  const elsewhere = sumOf(expected, "innocents") - hot.innocents;
  return lackOfSamples({ of: "quantile", samples: "innocents", q: BLAST_QUANTILE }, Math.min(hot.innocents, elsewhere));
}
