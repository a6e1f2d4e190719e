import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createNodeDriver } from "../loadtest/drivers/node/driver.ts";
import { quantileOf } from "../loadtest/measurement/histogram.ts";
import { trendOf, type Trend } from "../loadtest/stats/trend.ts";
import { driveRandom } from "./drive-random.ts";
import type { Subject } from "./subject.ts";

export interface DriverRow {
  readonly minutes: number;
  /** Messages per second that were sent, acknowledged, received by their readers and checked. */
  readonly perSecond: number;
  /** Messages that were planned and not acknowledged, and the codes of errors. */
  readonly failed: string;
  /** Of the driver's thread per message, microseconds. */
  readonly cpuMicros: number;
  readonly sendLagMs: { readonly p50: number; readonly p99: number };
  /** Live objects after a collection at the end of every minute from the first on, megabytes of 1,000,000 bytes. */
  readonly heap: readonly number[];
  /** Resident memory of the driver's process once a second, megabytes. */
  readonly resident: Trend;
}

const RATE = 25_000;
const USERS = 100;
const WARM_UP_S = 5;
/** In the first minute every dialog is met and the code is compiled. */
const SETTLED_S = 60;

/**
 * The Node driver at 25,000 messages a second against a server without stores, for so many minutes.
 *
 * @throws when a message was lost on the way: then something else than sent and checked was measured
 */
export async function measureNodeDriver(subject: Subject, minutes: number): Promise<DriverRow> {
  const dials = { rate: String(RATE), duration: `${minutes * 60}s`, warmup: `${WARM_UP_S}s`, users: String(USERS) };
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heap: number[] = [];
  const resident: [number, number][] = [];
  const measurement = await driveRandom(createNodeDriver(), subject, dials, ({ elapsedS, totalS }) => {
    if (elapsedS < SETTLED_S || elapsedS > totalS) return;
    const minute = elapsedS / 60;
    resident.push([minute, process.memoryUsage.rss() / 1e6]);
    if (minute < heap.length + 1) return;
    collect();
    const { heapUsed, external } = process.memoryUsage();
    heap.push((heapUsed + external) / 1e6);
  });
  const { delivered, generator, sent, late, notConnected, shards, duplicated, reordered, refused, unknown } =
    measurement;
  const acked = Object.values(shards).reduce((sum, shard) => sum + shard.acked, 0);
  if (delivered < acked || duplicated + reordered > 0) {
    const wrong = `${duplicated} twice, ${reordered} out of order`;
    throw new Error(`${sent} sent, ${acked} acknowledged, ${delivered} delivered, ${wrong}`);
  }
  const trend = trendOf(resident);
  if (trend === null) throw new Error("two minutes at least: the first settles, and a trend wants 40 seconds more");
  const codes = Object.entries(measurement.errors).map(([code, count]) => `${code} ${count}`);
  const seconds = minutes * 60 + WARM_UP_S;
  return {
    minutes,
    perSecond: acked / seconds,
    failed: [`${refused} refused, ${unknown} unanswered, ${late + notConnected} not sent`, ...codes].join("; "),
    cpuMicros: (1e6 * generator.cpu * seconds) / sent,
    sendLagMs: { p50: quantileOf(generator.sendLag, 0.5), p99: quantileOf(generator.sendLag, 0.99) },
    heap,
    resident: trend,
  };
}
