import type { Measurement, ShardMeasurement } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";
import type { Dials } from "../../traffic/contract.ts";

/** Σ over shards. */
export function total(measurement: Pick<Measurement, "shards">, count: (shard: ShardMeasurement) => number): number {
  return Object.values(measurement.shards).reduce((sum, shard) => sum + count(shard), 0);
}

export const ackedOf = ({ acked }: ShardMeasurement): number => acked;

/** How many there are of everything that is timed. */
export function sampleCounts(measurement: Measurement): Record<string, number> {
  const { generator, delivered, offline } = measurement;
  return {
    acked: total(measurement, ackedOf),
    delivered,
    offline,
    deliveryTimes: total(measurement, (shard) => shard.delivery.count),
    serviceTimes: total(measurement, (shard) => shard.service.count),
    commitTimes: total(measurement, (shard) => shard.commit.count),
    sendLags: generator.sendLag.count,
    handlerLags: generator.handlerLag.count,
  };
}

/** What was not timed, and what to do about that. */
export interface MissingSamples {
  readonly what: string;
  readonly remedy: string;
}

/** Too little happened in the measured phase: more of it helps. */
const LONGER = "Give a longer --duration, or a higher --rate.";
/** What happened was not timed: more of it would not be either. */
const FAULT = "Report it as a fault of the generator.";

/**
 * What failed, or was never delivered, is the server's doing and told as such: it is no missing sample, and a longer
 * run would not bring it.
 *
 * @returns null when everything was timed that should have been
 */
export function missingSamples(
  measurement: Measurement,
  dials: Pick<Dials, "warmupS">,
  audit: Pick<Result["audit"], "undelivered" | "missedWhileAway">,
): MissingSamples | null {
  const untimed = untimedSamples(measurement, dials);
  const absent = absentSamples(measurement, audit);
  if (untimed.length + absent.length === 0) return null;
  return { what: [...absent, ...untimed].join("; "), remedy: untimed.length > 0 ? FAULT : LONGER };
}

/** What did not happen at all in the measured phase, of a run without a failure. */
function absentSamples(
  measurement: Measurement,
  audit: Pick<Result["audit"], "undelivered" | "missedWhileAway">,
): string[] {
  const { generator, offline, refused, unknown, notConnected } = measurement;
  if (refused + unknown + notConnected > 0) return [];
  const { acked = 0, deliveryTimes = 0, commitTimes = 0 } = sampleCounts(measurement);
  const due = acked - offline - audit.undelivered - audit.missedWhileAway;
  return [
    ...(acked === 0 ? ["nothing was acknowledged"] : []),
    ...(generator.sendLag.count === 0 ? ["no send in the measured phase"] : []),
    ...(generator.handlerLag.count === 0 ? ["no handler lag"] : []),
    ...(acked > 0 && commitTimes === 0 ? ["no commit in the measured phase"] : []),
    ...(due > 0 && deliveryTimes === 0 ? ["no delivery in the measured phase"] : []),
  ];
}

/** What happened and has no time. */
function untimedSamples(measurement: Measurement, { warmupS }: Pick<Dials, "warmupS">): string[] {
  const { acked, deliveryTimes, serviceTimes, commitTimes, delivered } = sampleCounts(measurement);
  const untimed: string[] = [];
  if (deliveryTimes !== serviceTimes) {
    untimed.push(`${deliveryTimes} deliveries, ${serviceTimes} of them timed from the send`);
  }
  // With a warm-up it is not known how many should be timed.
  if (warmupS > 0) return untimed;
  if (commitTimes !== acked) untimed.push(`${commitTimes} commits of ${acked} acknowledged messages were timed`);
  if (deliveryTimes !== delivered) untimed.push(`${deliveryTimes} of ${delivered} deliveries were timed`);
  return untimed;
}
