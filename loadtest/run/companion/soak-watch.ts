import { keepsGrowing, trendOf } from "../../stats/trend.ts";
import { httpBase } from "../../drivers/chat-address.ts";
import type { CompanionOrder, Companion } from "./companion.ts";
import type { Slice } from "../../measurement/measurement.ts";
import type { Result } from "../../analysis/result/result.ts";

type Point = readonly [second: number, value: number];

/** At most so many samples of a run. */
const SAMPLES = 2_000;

/** Watches the server's memory over `/metrics` during the measured phase; latency is in the slices. */
export function createSoakWatch({ url, dials }: CompanionOrder): Companion {
  const address = `${httpBase(url)}/metrics`;
  const every = Math.max(1, dials.durationS / SAMPLES);
  const memory: Point[] = [];
  let asking: Promise<void> | null = null;
  let last = Number.NEGATIVE_INFINITY;

  async function ask(second: number): Promise<void> {
    const reply = await fetch(address, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    const text = reply?.ok === true ? await reply.text().catch(() => "") : "";
    const bytes = /^chat_process_resident_bytes(?:\{[^}]*\})? (\S+)$/mu.exec(text)?.[1];
    if (bytes !== undefined) memory.push([second, Number(bytes)]);
  }

  return {
    progress({ phase, elapsedS }) {
      if (phase !== "measure" || elapsedS - last < every - 0.5 || asking !== null) return;
      last = elapsedS;
      asking = ask(elapsedS).finally(() => (asking = null));
    },
    async end(measurement) {
      await asking;
      return { adds: { trends: trendsOf(memory, latencyOf(measurement?.slices ?? [], dials.warmupS)) } };
    },
  };
}

/** The mean of the shards' medians by second, as heavy as their messages. */
function latencyOf(slices: readonly Slice[], warmupS: number): Point[] {
  const seconds = new Map<number, { sum: number; messages: number }>();
  for (const { second, acked, deliveryMs } of slices) {
    if (second < warmupS || deliveryMs === null) continue;
    const row = seconds.get(second) ?? { sum: 0, messages: 0 };
    row.sum += acked * deliveryMs.p50;
    row.messages += acked;
    seconds.set(second, row);
  }
  const points = [...seconds].map(([second, { sum, messages }]): Point => [second, sum / Math.max(1, messages)]);
  return points.sort((a, b) => a[0] - b[0]);
}

function trendsOf(memory: readonly Point[], latency: readonly Point[]): NonNullable<Result["trends"]> {
  const perHour = (points: readonly Point[]) => {
    const trend = trendOf(points);
    if (trend === null) return null;
    const { slope, low, high, level } = trend;
    return { perHour: slope * 3_600, low: low * 3_600, high: high * 3_600, level, grows: keepsGrowing(points) };
  };
  return { memoryBytes: perHour(memory), deliveryMs: perHour(latency) };
}
