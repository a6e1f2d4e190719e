import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { guardEach, type Guard } from "./guard.ts";
import type { ShardMeter } from "./observability/probe.ts";
import { idleMeter } from "./observability/shard-meters.ts";
import type { CommitTimes } from "./shards/commit-times.ts";
import type { createStore } from "./shards/open-store.ts";
import { createOutageLog } from "./shards/outage-log.ts";
import { createShard, type Shard } from "./shards/shard.ts";
import type { ShardSpec } from "./shards/url.ts";
import { createWriter } from "./shards/writer.ts";
import type { Patient } from "./topology/health.ts";
import type { Membership, MemberShard } from "./topology/membership.ts";

/** A meter whose faults end in the log and not in the chat. */
export function guardedMeter(guard: Guard, meter: ShardMeter): ShardMeter {
  const counting = ["commit", "read", "waited", "resent", "refused", "found", "text", "traced"] as const;
  return guardEach(guard, "metrics", meter, counting);
}

/** The shard as failover asks it. */
export function patientOf(shard: Shard, membership: Membership): Patient {
  return {
    label: shard.label,
    failsWrites: () => shard.writer.isFailing(),
    storedAt: () => shard.writer.storedAt(),
    ping: () => shard.ping(),
    touch: () => shard.beat(membership.fence(), 0n),
  };
}

/** The shard as the node admits itself there. */
export function memberShard(shard: Shard): MemberShard {
  return {
    label: shard.label,
    store: shard,
    isUp: () => shard.state() === "up",
    oldestPending() {
      const id = shard.oldestPending();
      return id === null ? null : BigInt(id);
    },
  };
}

interface ShardBuild {
  readonly commitTimes: Pick<CommitTimes, "add">;
  readonly config: Config;
  readonly guard: Guard;
  readonly logger: Logger;
  readonly membership: Membership;
  readonly storeOf: typeof createStore;
}

/** A shard with its store and its writer, not open yet. */
export function buildShard(
  { commitTimes, config, guard, logger, membership, storeOf }: ShardBuild,
  label: string,
  spec: ShardSpec,
): Shard {
  const store = storeOf(spec, { onWait: (seconds) => shard.meter.waited(seconds) });
  const outages = createOutageLog();
  const writer = createWriter({
    label,
    store,
    fence: () => membership.fence(),
    onConnect: membership.onConnect(label),
    onFenced: (fence) => membership.fenced(label, fence),
    limits: { queueRows: config.queueRows, queueBytes: config.queueBytes, maxRows: config.groupRows },
    onCommit(report) {
      shard.meter.commit(report);
      if (report.ok) commitTimes.add(label, report.seconds);
      const { reason, refused } = report;
      if (reason === undefined) return;
      logger.warn({ shard: label, rows: refused, reason }, `shard ${label}: its database refuses messages`);
    },
    onState: guard("states of shards", (state: "up" | "down", reason: Error | null) => {
      outages.note(state, reason);
      if (state === "down") membership.absent(label);
      if (state === "up") logger.info({ shard: label }, `shard ${label} is up`);
      else logger.error({ shard: label, err: reason }, `shard ${label} is down`);
    }),
  });
  const shard = createShard({
    label,
    spec,
    store,
    writer,
    meter: idleMeter(),
    outages,
    node: () => membership.reading().node,
  });
  return shard;
}
