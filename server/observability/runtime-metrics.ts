import { constants, performance, PerformanceObserver } from "node:perf_hooks";
import type { EventLoopUtilization, PerformanceObserverEntryList } from "node:perf_hooks";
import type { Guard } from "../guard.ts";
import type { Exposition } from "./exposition.ts";
import { GC_KINDS } from "./metric-names.ts";
import { readingOf } from "./series.ts";
import { plainHistogram, weightedHistogram, type Series } from "./weighted-histogram.ts";

const LAG_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const PAUSE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const LAG_EVERY_MS = 20;
const UTILIZATION_EVERY_MS = 1_000;
const UTILIZATION_STEPS = 5;

const KIND_OF_GC: Readonly<Record<number, (typeof GC_KINDS)[number]>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  // Young generation too, by another collector. Node 22 has no constant for it.
  2: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weak",
};

/**
 * Measures the event loop, the garbage collector and the process by their own clocks: a scrape that finds a busy loop
 * must not be what measures it.
 *
 * @returns ends it
 */
export function measureRuntime(exposition: Exposition, guard: Guard): () => void {
  const stopLag = measureLag(plainHistogram(exposition, "chat_event_loop_lag_seconds", LAG_BUCKETS), guard);
  const utilization = measureUtilization(guard);
  readingOf(exposition, "chat_event_loop_utilization", utilization.read);
  const kinds = GC_KINDS.map((kind) => ({ kind }));
  const pauses = weightedHistogram(exposition, "chat_gc_pause_seconds", { buckets: PAUSE_BUCKETS, series: kinds });
  const collections = measureCollections(pauses, guard);
  readingOf(exposition, "chat_process_cpu_seconds_total", () => {
    const { system, user } = process.cpuUsage();
    return (system + user) / 1_000_000;
  });
  readingOf(exposition, "chat_process_resident_bytes", () => process.memoryUsage.rss());
  readingOf(exposition, "chat_process_heap_bytes", () => process.memoryUsage().heapUsed);
  return () => {
    stopLag();
    utilization.stop();
    collections.disconnect();
  };
}

/** What a task waits that becomes due at any time: a timer, set again and again, sees it. */
function measureLag(lag: Series, guard: Guard): () => void {
  let due = performance.now() + LAG_EVERY_MS;
  const look = guard("runtime metrics", () => {
    const now = performance.now();
    // Timers are rounded to milliseconds, so one may be early.
    lag.observe(Math.max(0, now - due) / 1_000);
    due = now + LAG_EVERY_MS;
  });
  const timer = setInterval(look, LAG_EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** Over the last seconds and not since the last scrape, because there may be several scrapers. */
function measureUtilization(guard: Guard): { read: () => number; stop: () => void } {
  const marks: EventLoopUtilization[] = [performance.eventLoopUtilization()];
  const mark = guard("runtime metrics", () => {
    marks.push(performance.eventLoopUtilization());
    if (marks.length > UTILIZATION_STEPS) marks.shift();
  });
  const timer = setInterval(mark, UTILIZATION_EVERY_MS).unref();
  return {
    read: () => performance.eventLoopUtilization(performance.eventLoopUtilization(), marks[0]).utilization,
    stop: () => clearInterval(timer),
  };
}

function measureCollections(pauses: readonly Series[], guard: Guard): PerformanceObserver {
  const count = guard("runtime metrics", (list: PerformanceObserverEntryList) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      const name = KIND_OF_GC[kind];
      if (name !== undefined) pauses[GC_KINDS.indexOf(name)]!.observe(entry.duration / 1_000);
    }
  });
  const observer = new PerformanceObserver(count);
  observer.observe({ entryTypes: ["gc"] });
  return observer;
}
