import { messageCounts } from "../../../measurement/message-counts.ts";
import type { MessageOperation } from "../../../measurement/operations.ts";
import { phaseAt } from "../../../traffic/text.ts";
import { arrivalsOf } from "../../../traffic/arrivals/registry.ts";
import { counters, PHASE_TAGS, shardTags, trends } from "./instruments.ts";
import type { Settings } from "./settings.ts";
import type { Books } from "../../books.ts";
import type { LastWords, Line, Tally } from "./tally.ts";
import { createTally, microseconds, shardTally, TALLY_COUNTS } from "./tally.ts";

/** Where one VU's counts and durations go: k6's own metrics, or lines for the driver. */
export interface Recorder extends Books {
  /** Counts of the second under way. */
  readonly counts: Tally;
  /** @param readAt ms after the start of the schedule: what is read in the drain, by an idle VU, is not counted */
  handlerLag(readAt: number, ms: number): void;
  /** Of a dialog whose operations are kept. */
  readonly operation: (operation: MessageOperation) => void;
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
  const total = { ...messageCounts(() => 0), connectionFailures: 0, acked: 0 };

  function publish(last?: LastWords): void {
    for (const name of TALLY_COUNTS) {
      if (tally[name] !== 0) counters[name].add(tally[name]);
      total[name] += tally[name];
    }
    for (const [label, shard] of Object.entries(tally.shards)) {
      if (shard.acked > 0) {
        counters.acked.add(shard.acked, { shard: label });
        counters.auditSum.add(shard.sum, { shard: label });
      }
      total.acked += shard.acked;
    }
    counters.failed.add(tally.refused + tally.unknown + tally.notConnected);
    if (lines && Number.isFinite(tally.second)) {
      const line: Line = { hotshard: 1, vu, startAt, tally, ...(last && { last }) };
      console.log(JSON.stringify(line));
    }
  }

  return {
    get counts() {
      return tally;
    },
    addFailed: ({ code, at, author, to, seq }) => void tally.failed.push([code, Math.floor(at), author, to, seq]),
    addAck(label, bytes, bits, isOffline) {
      const shard = shardTally(tally, label);
      shard.acked += 1;
      shard.bytes += bytes;
      shard.sum += bits;
      if (isOffline) shard.offline += 1;
    },
    addDelivery(label, phase, isHot, deliveryMs, serviceMs) {
      if (withTrends) {
        const tags = shardTags(phase, label, isHot);
        trends.delivery.add(deliveryMs, tags);
        trends.service.add(serviceMs, tags);
      }
      if (!lines) return;
      const shard = shardTally(tally, label);
      if (phase === "measure") shard.service.push(microseconds(serviceMs));
      (phase === "warmup" ? shard.unjudged : isHot ? shard.hot : shard.innocent).push(microseconds(deliveryMs));
    },
    addCommit(label, phase, ms) {
      if (withTrends) trends.commit.add(ms, shardTags(phase, label, false));
      if (lines && phase === "measure") shardTally(tally, label).commit.push(microseconds(ms));
    },
    addSendLag(phase, ms) {
      if (withTrends) trends.sendLag.add(ms, PHASE_TAGS[phase]);
      if (lines && phase === "measure") tally.sendLag.push(microseconds(ms));
    },
    addNoop(phase, ms) {
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
