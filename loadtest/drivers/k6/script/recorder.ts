import type { Operation } from "../../../measurement/operations.ts";
import { phaseAt, type Phase } from "../../../traffic/text.ts";
import { arrivalsOf } from "../../../traffic/arrivals/registry.ts";
import { counters, PHASE_TAGS, shardTags, trends } from "./instruments.ts";
import type { Settings } from "./settings.ts";
import type { LastWords, Line, ShardTally, Tally } from "./tally.ts";
import { createTally, microseconds, shardTally, TALLY_COUNTS } from "./tally.ts";

/** Where one VU's counts and durations go: k6's own metrics, or lines for the driver. Durations are milliseconds. */
export interface Recorder {
  /** Counts of the second under way; add to them. */
  readonly tally: Tally;
  shard(label: string): ShardTally;
  delivery(label: string, phase: Phase, hot: boolean, deliveryMs: number, serviceMs: number): void;
  commit(label: string, phase: Phase, ms: number): void;
  sendLag(phase: Phase, ms: number): void;
  /** An action of nothing came so late. */
  noop(phase: Phase, ms: number): void;
  /** @param readAt ms after the start of the schedule: what is read in the drain, by an idle VU, is not counted */
  handlerLag(readAt: number, ms: number): void;
  /** Of a dialog whose operations are kept. */
  readonly operation: (operation: Operation) => void;
  /** Publishes what was counted if another second has begun. */
  roll(now: number): void;
  /** Publishes the rest, with what is known only at the end, and the sums that must be 0. */
  finish(last: LastWords): void;
}

/**
 * @param vu number of the VU, from 1
 * @param startAt epoch milliseconds of the start of the schedule
 * @param lines print tallies with every duration: the driver makes exact histograms of them
 * @param trends give durations to k6's trends
 */
export function createRecorder(
  vu: number,
  startAt: number,
  { dials, lines, maxErrors, trends: withTrends }: Pick<Settings, "dials" | "lines" | "maxErrors" | "trends">,
): Recorder {
  const endMs = (dials.warmupS + dials.durationS) * 1000;
  let tally = createTally(Number.NEGATIVE_INFINITY);
  const total = { planned: 0, sent: 0, notConnected: 0, acked: 0, refused: 0, unknown: 0, offline: 0, delivered: 0 };

  function publish(last?: LastWords): void {
    for (const name of TALLY_COUNTS) if (tally[name] !== 0) counters[name].add(tally[name]);
    for (const [label, shard] of Object.entries(tally.shards)) {
      if (shard.acked > 0) {
        counters.acked.add(shard.acked, { shard: label });
        counters.auditSum.add(shard.sum, { shard: label });
      }
      total.acked += shard.acked;
    }
    counters.failed.add(tally.refused + tally.unknown + tally.notConnected);
    for (const name of ["planned", "sent", "notConnected", "refused", "unknown", "offline", "delivered"] as const)
      total[name] += tally[name];
    if (lines && Number.isFinite(tally.second)) {
      const line: Line = { hotshard: 1, vu, startAt, tally, ...(last && { last }) };
      console.log(JSON.stringify(line));
    }
  }

  return {
    get tally() {
      return tally;
    },
    shard: (label) => shardTally(tally, label),
    delivery(label, phase, hot, deliveryMs, serviceMs) {
      if (withTrends) {
        const tags = shardTags(phase, label, hot);
        trends.delivery.add(deliveryMs, tags);
        trends.service.add(serviceMs, tags);
      }
      if (!lines) return;
      const shard = shardTally(tally, label);
      if (phase === "measure") shard.service.push(microseconds(serviceMs));
      (phase === "warmup" ? shard.unjudged : hot ? shard.hot : shard.innocent).push(microseconds(deliveryMs));
    },
    commit(label, phase, ms) {
      if (withTrends) trends.commit.add(ms, shardTags(phase, label, false));
      if (lines && phase === "measure") shardTally(tally, label).commit.push(microseconds(ms));
    },
    sendLag(phase, ms) {
      if (withTrends) trends.sendLag.add(ms, PHASE_TAGS[phase]);
      if (lines && phase === "measure") tally.sendLag.push(microseconds(ms));
    },
    noop(phase, ms) {
      if (lines && phase === "measure") tally.floor.push(microseconds(ms));
    },
    handlerLag(readAt, ms) {
      // As a trend it would cost as much as parsing the frame, and the send lag tells the same of a busy VU.
      const isMeasured = phaseAt(readAt, dials.warmupS) === "measure" && readAt < endMs;
      if (lines && isMeasured) tally.handlerLag.push(microseconds(ms));
    },
    operation: (operation) => void (tally.operations ??= []).push(operation),
    roll(now) {
      const second = Math.floor(now / 1000);
      if (second === tally.second) return;
      publish();
      tally = createTally(second);
    },
    finish(last) {
      publish(last);
      const failed = total.refused + total.unknown + total.notConnected;
      const isOpen = arrivalsOf(dials).isOpen;
      if (!isOpen) counters.failedBeyond.add(Math.max(0, failed - Math.floor(maxErrors * total.planned)));
      counters.unaccounted.add(total.sent - total.acked - total.refused - total.unknown);
      counters.undelivered.add(total.acked - total.offline - total.delivered);
      counters.finished.add(1);
    },
  };
}
