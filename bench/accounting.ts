import { joinProbes } from "../server/observability/join-probes.ts";
import { createMetrics } from "../server/observability/metrics.ts";
import { createObserver } from "../server/observability/observer.ts";
import type { Envelope, Probe, ShardMeter } from "../server/observability/probe.ts";
import { median } from "./median.ts";
import { NO_GUARD } from "../test/support/no-guard.ts";

const SHARDS = ["00", "01", "02", "03"];
const DIALOGS = 5_000;
const MESSAGES = 500_000;
const PER_COMMIT = 10;
const EXAMPLE = { dialog: "1_2", id: "123" };
const TEXT = "x".repeat(88);
const SILENT = {
  up: true,
  connections: 0,
  queueRows: 0,
  queueBytes: 0,
  queueAgeMs: 0,
  storedRows: 0,
  storedBytes: 0,
  writable: true,
  out: false,
};

/**
 * CPU of everything that is counted of a message on its way, nanoseconds: the same calls as in the chat, without the
 * chat. All dialogs are equally frequent, which costs the detector most.
 */
export function benchAccounting(rounds: number): number {
  const metrics = createMetrics(
    { shards: SHARDS.length, isTraced: false },
    {
      connectionStates: () => ({ greeting: 0, open: 0, closing: 0 }),
      epoch: () => 1,
      segments: () => 1,
      hotShares: () => [],
      logLines: () => ({ accepted: 0, dropped: 0 }),
      linesLost: () => 0,
      traces: () => ({ accepted: 0, dropped: 0 }),
      liveStreams: () => 0,
      move: () => null,
    },
  );
  const observer = createObserver({
    writable: () => SHARDS,
    ownersOf: () => SHARDS,
    exposition: metrics.exposition,
    logger: { info: () => {} },
    guard: NO_GUARD,
  });
  const probe = joinProbes(NO_GUARD, { metrics: metrics.probe, traffic: observer.probe });
  const shards = SHARDS.map((label) => ({ label, meter: metrics.meters.add(label, () => SILENT) }));
  const dialogs = Array.from({ length: DIALOGS }, (_, index) => `${index + 1}_${index + 1 + DIALOGS}`);
  const nanos = Array.from({ length: rounds }, () => {
    const before = process.threadCpuUsage();
    let commit: Envelope[] = [];
    for (let i = 0; i < MESSAGES; i++) {
      const message = envelope(dialogs[(i * 7_919) % DIALOGS]!, shards[i % SHARDS.length]!);
      commit.push(message);
      account(probe, message);
      if (commit.length < PER_COMMIT) continue;
      accountCommit(probe, message.shard!.meter, commit);
      commit = [];
    }
    const { system, user } = process.threadCpuUsage(before);
    return (1_000 * (system + user)) / MESSAGES;
  });
  observer.stop();
  return median(nanos);
}

function envelope(dialog: string, shard: NonNullable<Envelope["shard"]>): Envelope {
  return {
    connection: "1-1",
    resend: false,
    decodedFrom: 0,
    decodedTo: 0,
    traceparent: undefined,
    trace: null,
    row: { dialog, id: "1", client: "1", text: TEXT },
    shard,
    readers: 1,
    twins: 0,
  };
}

function account(probe: Probe, message: Envelope): void {
  probe.decoded(0, 0.01, 1);
  probe.placed(message, 0, 0.004);
  probe.committed(message, { id: "1", duplicate: false, queueMs: 1, commitMs: 2 });
}

function accountCommit(probe: Probe, meter: ShardMeter, messages: readonly Envelope[]): void {
  meter.commit({ rows: PER_COMMIT, duplicates: 0, refused: 0, untried: 0, seconds: 0.002, ok: true, example: EXAMPLE });
  meter.waited(0);
  probe.delivered(messages, 0, 1);
}
