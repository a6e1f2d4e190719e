import { createMetrics } from "../server/observability/metrics.ts";
import { createObserver } from "../server/observability/observer.ts";
import type { Envelope } from "../server/observability/probe.ts";
import { measureRuntime } from "../server/observability/runtime-metrics.ts";
import type { PageFormat } from "../server/observability/exposition.ts";
import { median } from "./median.ts";
import { NO_GUARD } from "../test/support/no-guard.ts";

export interface ScrapeRow {
  readonly format: PageFormat;
  readonly series: number;
  readonly kilobytes: number;
  /** How long a page keeps the event loop from anything else, ms: the median of all pages, and the 99th percentile. */
  readonly blockedMs: number;
  readonly p99Ms: number;
  /** CPU of the most expensive page, ms: what is left of it on a machine that does nothing else. */
  readonly worstCpuMs: number;
}

const PAGES = 200;

/** The page of a server of so many shards whose every counter has a value, built as a scrape does. */
export async function benchScrape(format: PageFormat, shardCount: number): Promise<ScrapeRow> {
  const labels = Array.from({ length: shardCount }, (_, index) => String(index).padStart(2, "0"));
  const shard = {
    up: true,
    connections: 3,
    queueRows: 7,
    queueBytes: 4_321,
    queueAgeMs: 12.34,
    storedRows: 1e6,
    storedBytes: 1e9,
    writable: true,
    out: false,
  };
  const metrics = createMetrics(
    { shards: shardCount, isTraced: false },
    {
      connectionStates: () => ({ greeting: 1, open: 1_000, closing: 2 }),
      epoch: () => 1,
      segments: () => 1,
      hotShares: () => observer.hot().dialogs.map((dialog) => dialog.share),
      logLines: () => ({ accepted: 1, dropped: 0 }),
      linesLost: () => 0,
      traces: () => ({ accepted: 1, dropped: 0 }),
      liveStreams: () => 0,
      move: () => null,
    },
  );
  const meters = labels.map((label) => metrics.meters.add(label, () => shard));
  const observer = createObserver({
    writable: () => labels,
    ownersOf: () => labels.slice(0, 1),
    exposition: metrics.exposition,
    logger: { info: () => {} },
    guard: NO_GUARD,
  });
  const stopRuntime = measureRuntime(metrics.exposition, NO_GUARD);
  for (let i = 1; i <= 100_000; i++) {
    const at = i % shardCount;
    const row = { dialog: `${i % 1_000}_10000`, id: String(i), client: "", text: "" };
    const message = { row, shard: { label: labels[at]!, meter: meters[at]! } } as Envelope;
    observer.probe.placed!(message, 0, 0);
    const seconds = (i % 97) / 10_000;
    meters[at]!.commit({ rows: 1, duplicates: 0, refused: 0, untried: 0, seconds, ok: true, example: row });
  }
  const page = await metrics.exposition.page(format);
  const blocked: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < PAGES; i++) {
    const start = performance.now();
    const before = process.threadCpuUsage();
    await metrics.exposition.page(format);
    // Only microtasks are between: nothing else has run since.
    const { system, user } = process.threadCpuUsage(before);
    blocked.push(performance.now() - start);
    cpu.push((system + user) / 1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  blocked.sort((a, b) => a - b);
  observer.stop();
  stopRuntime();
  const series = page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  const p99Ms = blocked[Math.floor(0.99 * PAGES)]!;
  return {
    format,
    series,
    kilobytes: page.length / 1_000,
    blockedMs: median(blocked),
    p99Ms,
    worstCpuMs: Math.max(...cpu),
  };
}
