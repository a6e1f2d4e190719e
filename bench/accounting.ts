import { createMetrics, type Metrics } from "../server/observability/metrics.ts";
import { createObserver, type Observer } from "../server/observability/observer.ts";
import { compileTopology } from "../server/placement/router.ts";
import { singleSegment } from "../server/placement/topology.ts";
import { median } from "./median.ts";
import { NO_GUARD } from "../test/support/no-guard.ts";

const SHARDS = ["00", "01", "02", "03"];
const DIALOGS = 5_000;
const MESSAGES = 500_000;
const PER_COMMIT = 10;
const EXAMPLE = { dialog: "1_2", id: "123" };

/**
 * CPU of everything that is counted of a message on its way, nanoseconds: the same calls as in the chat, without the
 * chat. All dialogs are equally frequent, which costs the detector most.
 */
export function benchAccounting(rounds: number): number {
  const router = compileTopology(singleSegment({ labels: SHARDS, placement: "slots" }));
  const nothing = {
    up: true,
    connections: 0,
    queueRows: 0,
    queueBytes: 0,
    queueAgeMs: 0,
    storedRows: 0,
    storedBytes: 0,
  };
  const metrics = createMetrics(SHARDS, {
    shard: () => nothing,
    connectionStates: () => ({ greeting: 0, open: 0, closing: 0 }),
    epoch: () => 1,
    hotShares: () => [],
    logLines: () => ({ accepted: 0, dropped: 0 }),
    linesLost: () => 0,
    traces: () => ({ accepted: 0, dropped: 0 }),
    liveStreams: () => 0,
  });
  const observer = createObserver({
    router,
    exposition: metrics.exposition,
    logger: { info: () => {} },
    guard: NO_GUARD,
  });
  const dialogs = Array.from({ length: DIALOGS }, (_, index) => `${index + 1}_${index + 1 + DIALOGS}`);
  const nanos = Array.from({ length: rounds }, () => {
    const before = process.threadCpuUsage();
    for (let i = 0; i < MESSAGES; i++) account(metrics, observer, dialogs[(i * 7_919) % DIALOGS]!, i);
    const { system, user } = process.threadCpuUsage(before);
    return (1_000 * (system + user)) / MESSAGES;
  });
  observer.stop();
  return median(nanos);
}

function account(metrics: Metrics, observer: Observer, dialog: string, i: number): void {
  const shard = i % SHARDS.length;
  metrics.stage("validate", 0.000_01, 1);
  metrics.stage("place", 0.000_004);
  observer.placed(dialog, shard);
  metrics.stage("queue", 0.001);
  metrics.textBytes(shard, 88);
  metrics.delivered(1, false);
  if (i % PER_COMMIT !== 0) return;
  metrics.operation(shard, "insert", 0.002, true, EXAMPLE);
  metrics.busy(shard, 0.002);
  metrics.batch(shard, PER_COMMIT);
  metrics.stage("commit", 0.002, PER_COMMIT, EXAMPLE);
  metrics.messages(shard, "stored", PER_COMMIT);
  metrics.messages(shard, "duplicate", 0);
  metrics.poolWait(shard, 0);
  metrics.stage("deliver", 0.001, PER_COMMIT);
}
