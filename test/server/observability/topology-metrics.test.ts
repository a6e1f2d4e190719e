import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../server/observability/metrics.ts";
import type { Envelope } from "../../../server/observability/probe.ts";
import { metricValue } from "../../support/metrics.ts";

const none = () => ({ accepted: 0, dropped: 0 });

test("changes are counted by kind, how long it took to follow them, and the messages that followed", async () => {
  let out = false;
  const metrics = createMetrics(
    { shards: 1, isTraced: false },
    {
      connectionStates: () => ({ greeting: 0, open: 0, closing: 0 }),
      epoch: () => 7,
      segments: () => 3,
      hotShares: () => [],
      logLines: none,
      linesLost: () => 0,
      traces: none,
      liveStreams: () => 0,
      move: () => null,
    },
  );
  const idle = { up: true, connections: 1, queueRows: 0, queueBytes: 0, queueAgeMs: 0, storedRows: 0, storedBytes: 0 };
  metrics.meters.add("00", () => ({ ...idle, writable: !out, out }));
  metrics.changed("split");
  metrics.changed("split");
  metrics.changed("take_out");
  metrics.followed(30);
  metrics.followed(300);
  metrics.probe.followed!({} as Envelope);
  out = true;
  const page = await metrics.exposition.page("text");
  const values: Record<string, number> = {
    'chat_topology_changes_total{kind="split"}': 2,
    'chat_topology_changes_total{kind="take_out"}': 1,
    'chat_topology_changes_total{kind="add"}': 0,
    chat_topology_segments: 3,
    chat_topology_follow_seconds_count: 2,
    'chat_topology_follow_seconds_bucket{le="0.05"}': 1,
    chat_followed_messages_total: 1,
    'chat_shard_out{shard="00"}': 1,
    'chat_shard_writable{shard="00"}': 0,
  };
  for (const [series, value] of Object.entries(values)) assert.equal(metricValue(page, series), value, series);
});
