import type { RunEvidence } from "../../loadtest/analysis/result/run-evidence.ts";
import type { Measurement, Slice } from "../../loadtest/measurement/measurement.ts";
import type { Dials } from "../../loadtest/traffic/contract.ts";
import type { Machine } from "../../loadtest/analysis/result/machine-schema.ts";
import { NO_FAILURES } from "../../loadtest/measurement/failed-messages.ts";
import { createHistogram } from "../../loadtest/measurement/histogram.ts";
import { createShardTotal, shardMeasurement } from "../../loadtest/measurement/shard-total.ts";
import { createRandom } from "../../loadtest/stats/random.ts";
import type { Override } from "../../server/placement/contract.ts";
import { compileTopology } from "../../server/placement/router.ts";
import { singleSegment } from "../../server/placement/topology.ts";
import type { ShardsReply, WriterTotals } from "../../server/protocol/http.ts";

export interface EvidenceOptions {
  readonly shards?: number;
  readonly placement?: string;
  readonly overrides?: readonly Override[];
  /** 0 makes it a `random` run. */
  readonly hotShare?: number;
  /** Planned messages never sent: makes the run INVALID. */
  readonly dropped?: number;
  readonly rate?: number;
  readonly durationS?: number;
  /** Acknowledged messages that no shard holds. */
  readonly lost?: number;
}

export const HOT_DIALOG = "7_501";

/** Of no machine in particular, so that a result does not depend on the one that tests. */
export const MACHINE: Machine = {
  cpu: "Test processor",
  cores: 8,
  memory: 16 * 2 ** 30,
  kernel: "Linux 6.12.0",
  node: "26.10.0",
};

const NO_COMMITS: WriterTotals = { commits: 0, rows: 0, seconds: 0, rowsSquared: 0, rowsSeconds: 0, maxRows: 20 };

/**
 * The evidence of a run that never happened, the same every time: shaped shards (20 rows per 20 ms) behind a real
 * topology, delays that grow on a shard that is sent more than it can write.
 */
export function runEvidence(options: EvidenceOptions = {}): RunEvidence {
  const { shards = 4, placement = "slots", overrides = [], hotShare = 0.4, dropped = 0, lost = 0 } = options;
  const { rate = 2_000, durationS = 6 } = options;
  const labels = Array.from({ length: shards }, (_, i) => String(i).padStart(2, "0"));
  const topology = singleSegment({ labels, placement, overrides });
  const router = compileTopology(topology);
  const dials: Dials = {
    users: 500,
    rate,
    arrivals: "",
    durationS,
    warmupS: 2,
    seed: 1,
    offlineShare: 0.1,
    hotShare,
    mode: "dialog",
  };
  const random = createRandom(1, 99);
  const recorders = labels.map(createShardTotal);
  const stored = new Map<string, number>();
  const perSecond = new Map<string, number>();
  const seconds = dials.warmupS + durationS;
  const limit = 1_000;
  const planned = rate * seconds;
  const sent = planned - dropped;
  const shareOf = labels.map(() => 0);
  let hotSent = 0;
  for (let i = 0; i < sent; i += 1) {
    const hot = random.uniform() < hotShare;
    const author = hot ? (random.below(2) === 0 ? 7 : 501) : 1 + random.below(450);
    const other = 1 + random.below(449);
    const to = other >= author ? other + 1 : other;
    const dialog = hot ? HOT_DIALOG : `${Math.min(author, to)}_${Math.max(author, to)}`;
    const shard = router.place({ dialog, id: 1n, author, client: `run-${i}` });
    const label = labels[shard]!;
    shareOf[shard]! += 1 / sent;
    const at = (i / planned) * seconds;
    const excess = Math.max(0, shareOf[shard]! * rate * (sent / (i + 1)) - limit);
    const queueing = i > 2_000 ? (excess / limit) * at * 1_000 : 0;
    const service = 11 + 10 * random.uniform() + 2 * random.exponential() + queueing * 0.9;
    const delivery = service + 0.3 * random.exponential() + queueing * 0.1;
    const second = Math.floor(at + delivery / 1_000);
    const record = recorders[shard]!;
    record.acked += 1;
    record.sum += 1;
    record.bytes += 40;
    if (hot) hotSent += 1;
    if (at >= dials.warmupS) {
      record.delivery.record(delivery);
      record.service.record(service);
      record.commit.record(20 + random.uniform());
      if (!hot) record.innocent.record(delivery);
    }
    stored.set(`${label} ${dialog}`, (stored.get(`${label} ${dialog}`) ?? 0) + 1);
    perSecond.set(`${second} ${label}`, (perSecond.get(`${second} ${label}`) ?? 0) + 1);
  }
  const lag = createHistogram();
  for (let i = 0; i < 1_000; i += 1) lag.record(0.2 + random.exponential() * 0.3);
  const slices = [...perSecond].map(([key, acked]): Slice => {
    const [second = "0", shard = ""] = key.split(" ");
    return { second: Number(second), shard, acked, deliveryMs: { p50: 15, p99: 28 } };
  });
  const acked = sent;
  const measurement: Measurement = {
    driver: "node",
    startedAt: "2026-11-22T12:40:00.000Z",
    interrupted: false,
    planned,
    sent,
    resent: 0,
    refused: 0,
    unknown: 0,
    late: dropped,
    notConnected: 0,
    failed: NO_FAILURES,
    balance: { widthMs: 1_000, rows: [] },
    absences: [],
    errors: {},
    hotOffered: hotSent,
    delivered: acked - Math.floor(acked / 10),
    offline: Math.floor(acked / 10),
    duplicated: 0,
    reordered: 0,
    shards: Object.fromEntries(labels.map((label, i) => [label, shardMeasurement(recorders[i]!)])),
    slices,
    generator: { sendLag: lag.toData(), handlerLag: lag.toData(), cpu: 0.41 },
  };
  const reply = (totals: (rows: number) => WriterTotals): ShardsReply => ({
    node: 1,
    topology,
    recipientsOffline: 0,
    shards: labels.map((label, i) => ({
      label,
      engine: "sqlite",
      durability: { crashSafe: true, settings: "synchronous=FULL" },
      shaped: { commitMs: 20, maxRows: 20 },
      state: "up",
      queueRows: 0,
      writer: totals(recorders[i]!.acked),
    })),
  });
  const commitsOf = (rows: number): WriterTotals => {
    const commits = Math.max(Math.ceil(rows / 20), Math.min(rows, Math.round(seconds / 0.0203)));
    const each = commits > 0 ? rows / commits : 0;
    return {
      commits,
      rows,
      seconds: commits * 0.0203,
      secondsSquared: commits * (0.0203 ** 2 + 1e-7),
      rowsSquared: commits * (each * each + 4),
      rowsSeconds: rows * 0.0203,
      maxRows: 20,
    };
  };
  return {
    hotshard: "0.1.0",
    runId: "fixture001",
    scenario: hotShare > 0 ? "lady-gaga" : "random",
    dials,
    command: `hotshard run ${hotShare > 0 ? `lady-gaga --hot-share ${hotShare}` : "random"} --rate ${rate} --duration ${durationS}s --shards '${shards}?commitMs=20&maxRows=20'`,
    machine: MACHINE,
    url: "ws://127.0.0.1:8086/chat",
    measurement,
    before: reply(() => NO_COMMITS),
    after: reply(commitsOf),
    audit: {
      run: "fixture001",
      shards: labels.map((shard, i) => {
        const { acked: rows, sum } = recorders[i]!;
        const missing = i === 0 ? lost : 0;
        return { shard, rows: rows - missing, sum: sum - missing };
      }),
    },
    dialogs: {
      run: "fixture001",
      dialogs: [...stored].map(([key, count]) => {
        const [shard = "", dialog = ""] = key.split(" ");
        return { shard, dialog, count };
      }),
    },
    unknowns: [],
  };
}
