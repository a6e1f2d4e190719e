import assert from "node:assert/strict";
import { test } from "node:test";
import { createExposition } from "../../../server/observability/exposition.ts";
import { mergeSummaries, type Summary } from "../../../server/statistics/heavy-hitters.ts";
import { createObserver } from "../../../server/observability/observer.ts";
import type { Envelope } from "../../../server/observability/probe.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import { metricValue } from "../../support/metrics.ts";
import { NO_GUARD } from "../../support/no-guard.ts";

interface HotLine {
  readonly event: string;
  readonly windowS: number;
  readonly messages: number;
  readonly maxOverMean: number;
  readonly noiseFloor: number;
  readonly dialogs: readonly { dialog: string; count: number; share: number; shards: readonly string[] }[];
}

function observed(t: { after(run: () => void): void }) {
  const labels = ["00", "01", "02", "03"];
  const router = compileTopology(singleSegment({ labels, placement: "slots" }));
  const writable = () => labels;
  const ownersOf = (dialog: string) => router.shardsOf(dialog).map((index) => labels[index]!);
  const exposition = createExposition();
  const lines: HotLine[] = [];
  const logger = { info: (details: HotLine) => void lines.push(details) };
  const observer = createObserver({ writable, ownersOf, exposition, logger: logger as never, guard: NO_GUARD });
  t.after(() => observer.stop());
  const send = (dialog: string, count: number) => {
    const message = { row: { dialog }, shard: { label: ownersOf(dialog)[0]! } } as Envelope;
    for (let i = 0; i < count; i++) observer.probe.placed!(message, 0, 0);
  };
  return { observer, exposition, lines, send };
}

test("a closed window says its hot dialogs in one line and its skew in the metrics; even traffic says nothing", async (t) => {
  const { exposition, lines, observer, send } = observed(t);
  for (let i = 1; i <= 400; i++) send(`${i}_1000`, 15);
  observer.turn();
  assert.equal(lines.length, 0, "no dialog is hot");
  const even = observer.lastWindow()!;
  assert.deepEqual([even.messages, even.dialogs], [6_000, 400]);

  // With 4 shards a dialog is hot from 8.3 % on: 4,000 of 10,100 are, 100 are not.
  for (let i = 1; i <= 400; i++) send(`${i}_1000`, 15);
  send("7_77", 4_000);
  send("8_88", 100);
  observer.turn();
  const [line, ...others] = lines;
  assert.equal(others.length, 0);
  assert.deepEqual([line!.event, line!.windowS, line!.messages], ["hot_dialogs", 10, 10_100]);
  assert.deepEqual(
    line!.dialogs.map(({ dialog }) => dialog),
    ["7_77"],
  );
  const { count, share, shards } = line!.dialogs[0]!;
  assert.ok(count >= 4_000 && count <= 4_000 + 10_100 / 256 && Math.abs(share - 0.396) < 0.005);
  assert.equal(shards.length, 1);

  const page = await exposition.page("text");
  const skew = observer.lastWindow()!;
  assert.ok(skew.maxOverMean > 1.8 && skew.effectiveShards < 2.3);
  assert.equal(metricValue(page, "chat_window_max_over_mean"), skew.maxOverMean);
  assert.equal(metricValue(page, "chat_window_effective_shards"), skew.effectiveShards);
  assert.equal(metricValue(page, "chat_window_cv"), skew.cv);
  assert.equal(metricValue(page, "chat_window_gini"), skew.gini);
  assert.equal(metricValue(page, "chat_window_dialogs"), 402);
  assert.equal(metricValue(page, "chat_window_noise_floor"), skew.noiseFloor);
  // Two windows: 400 dialogs of 15 in each, one of 100, one of 4,000.
  assert.equal(metricValue(page, 'chat_dialog_window_messages_bucket{le="20"}'), 800);
  assert.equal(metricValue(page, 'chat_dialog_window_messages_bucket{le="100"}'), 801);
  assert.equal(metricValue(page, "chat_dialog_window_messages_count"), 802);
  assert.equal(metricValue(page, "chat_dialog_window_messages_sum"), 16_100);
});

test("answers of two servers add up to bounds of all, also for a dialog that one of them does not name", (t) => {
  const [one, other] = [observed(t), observed(t)];
  const truth = new Map<string, number>();
  for (let i = 1; i <= 30; i++) {
    const dialog = `${i}_1000`;
    one.send(dialog, 100 - i);
    other.send(dialog, 70 + i);
    truth.set(dialog, 170);
  }
  const parts = [one, other].map(({ observer }): Summary => {
    const { absent, dialogs, messages } = observer.hot();
    const heavy = dialogs.map(({ count, countError, dialog }) => ({ key: dialog, count, error: countError }));
    return { total: messages, heavy, absent };
  });
  const { absent, heavy, total } = mergeSummaries(parts, 10);
  assert.equal(total, 30 * 170);
  for (const { count, error, key } of heavy)
    assert.ok(truth.get(key)! <= count && truth.get(key)! >= count - error, key);
  assert.ok(absent >= 170, `${absent}`);
});

test("little traffic is never hot, and the last minute is forgotten after a minute", (t) => {
  const { lines, observer, send } = observed(t);
  send("7_77", 49);
  observer.turn();
  assert.equal(lines.length, 0);
  assert.deepEqual(observer.hot().dialogs[0]!.dialog, "7_77");
  for (let pane = 0; pane < 6; pane++) observer.turn();
  assert.deepEqual(observer.hot(), { windowS: 60, messages: 0, absent: 0, dialogs: [] });
  assert.deepEqual(observer.lastWindow()!.maxOverMean, 1);
});
