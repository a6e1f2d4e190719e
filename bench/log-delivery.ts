import { setTimeout as delay } from "node:timers/promises";
import type { LokiTarget } from "../server/observability/loki-worker.ts";
import { createPushLink } from "../server/observability/push-link.ts";
import { startFakeLoki, type LokiMood } from "../test/support/fake-loki.ts";

/** What became of the lines of one log. */
export interface DeliveryRow {
  readonly logged: number;
  readonly accepted: number;
  readonly dropped: number;
  /** Different lines that Loki holds; it must be `accepted`. */
  readonly held: number;
  /** Most bytes of one push; Loki takes 4,194,304. */
  readonly largestPush: number;
}

export interface Outage {
  readonly mood: LokiMood;
  readonly seconds: number;
}

const TICK_MS = 10;
const PATIENCE_MS = 30_000;
const TEXT = "a line of the length that lines of a chat server have, with what its event names";

/**
 * Logs at a steady rate to a stand-in that enforces Loki's limits and fails in the middle.
 *
 * @throws {Error} unless every line was counted exactly once, and Loki holds those that count as accepted
 */
export async function measureLogDelivery(perSecond: number, seconds: number, outage: Outage): Promise<DeliveryRow> {
  const loki = await startFakeLoki();
  const link = createPushLink<LokiTarget>("loki-worker", () => {});
  link.start({ host: loki.url, labels: { app: "hotshard", env: "bench", instance: "127.0.0.1:1" }, timeout: 5_000 });
  const outageStart = ((seconds - outage.seconds) / 2) * 1_000;
  const outageEnd = outageStart + outage.seconds * 1_000;
  const start = performance.now();
  let logged = 0;
  for (let elapsed = 0; elapsed < seconds * 1_000; elapsed = performance.now() - start) {
    loki.mood(elapsed >= outageStart && elapsed < outageEnd ? outage.mood : 204);
    // What a late timer has missed is logged at once.
    for (const due = Math.min(elapsed / 1_000, seconds) * perSecond; logged < due; logged++) link.write(lineOf(logged));
    await delay(TICK_MS);
  }
  for (; logged < perSecond * seconds; logged++) link.write(lineOf(logged));
  await link.close(PATIENCE_MS);
  await loki.close();
  const { accepted, dropped } = link.counts();
  const held = new Set(loki.stored.map(({ metadata }) => metadata["seq"])).size;
  if (accepted + dropped !== logged || held !== accepted) {
    throw new Error(`${logged} lines were logged: ${accepted} accepted, ${dropped} dropped, ${held} held`);
  }
  return { logged, accepted, dropped, held, largestPush: loki.largestBytes() };
}

function lineOf(seq: number): string {
  const shard = String(seq % 4).padStart(2, "0");
  return `${JSON.stringify({ level: 30, time: Date.now(), app: "hotshard", seq, shard, msg: TEXT })}\n`;
}
