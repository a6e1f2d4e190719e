import assert from "node:assert/strict";
import { test } from "node:test";
import { createExposition } from "../../../server/observability/exposition.ts";
import { registerGauges, type Move } from "../../../server/observability/gauges.ts";
import { metricValue } from "../../support/metrics.ts";

test("how far messages are moved, and 0 while none are", async () => {
  const none = { accepted: 0, dropped: 0 };
  let move: Move | null = null;
  const exposition = createExposition();
  registerGauges(exposition, {
    connectionStates: () => ({ greeting: 0, open: 0, closing: 0 }),
    epoch: () => 1,
    segments: () => 1,
    hotShares: () => [],
    logLines: () => none,
    linesLost: () => 0,
    traces: () => none,
    liveStreams: () => 0,
    move: () => move,
  });
  const read = async (): Promise<number[]> => {
    const page = await exposition.page("text");
    const names = ["seen_rows", "expected_rows", "rows_per_second", "remaining_seconds"];
    return names.map((name) => metricValue(page, `chat_move_${name}`));
  };
  assert.deepEqual(await read(), [0, 0, 0, 0]);
  move = { seen: 250, total: 1_000, rowsPerSecond: 125, remainingSeconds: 6 };
  assert.deepEqual(await read(), [250, 1_000, 125, 6]);
  move = { seen: 3, total: null, rowsPerSecond: 0, remainingSeconds: null };
  assert.deepEqual(await read(), [3, 0, 0, 0]);
});
