import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/**
 * One value of a scraped Prometheus page.
 *
 * @param series as it is written there, e.g. `chat_messages_total{shard="00",result="stored"}`
 * @throws {Error} when there is no such series
 */
export function metricValue(page: string, series: string): number {
  const line = page.split("\n").find((line) => line.startsWith(`${series} `));
  if (line === undefined) throw new Error(`no series ${series}`);
  return Number(line.slice(series.length + 1));
}

/** The server's page. */
export async function scrape(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  return response.text();
}

/**
 * Waits until the page says what is expected. Asking again is the only way: a scrape does not notify.
 *
 * @throws {AssertionError} after two minutes, far above what anything takes on a busy machine
 */
export async function untilMetric(url: string, series: string, holds: (value: number) => boolean): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!holds(metricValue(await scrape(url), series))) {
    assert.ok(Date.now() < deadline, `${series} never got there`);
    await delay(20);
  }
}
