import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_CODES } from "../../server/protocol/errors.ts";
import { connect } from "../support/chat-client.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { startServer } from "../support/server.ts";

const SHARDS = ["00", "01"];

/** Every series that must be there before anything has happened, at 0, unless a value is given. */
const SERIES: Readonly<Record<string, number>> = Object.fromEntries(
  [
    "chat_connections",
    "chat_recipients_offline_total",
    ...["01", "10"].map((rank) => `chat_hot_dialog_share{rank="${rank}"}`),
    ...ERROR_CODES.map((code) => `chat_errors_total{code="${code}"}`),
    ...["validate", "place", "queue", "commit", "deliver"].flatMap((stage) => [
      `chat_stage_duration_seconds_bucket{le="0.001",stage="${stage}"}`,
      `chat_stage_duration_seconds_bucket{le="+Inf",stage="${stage}"}`,
      `chat_stage_duration_seconds_sum{stage="${stage}"}`,
      `chat_stage_duration_seconds_count{stage="${stage}"}`,
    ]),
    ...SHARDS.flatMap((shard) => [
      ...["stored", "duplicate", "refused", "failed"].map((r) => `chat_messages_total{shard="${shard}",result="${r}"}`),
      ...["insert", "history", "audit", "find"].flatMap((op) => [
        `chat_shard_operations_total{shard="${shard}",op="${op}",result="ok"}`,
        `chat_shard_operations_total{shard="${shard}",op="${op}",result="failed"}`,
        `chat_shard_operation_duration_seconds_count{shard="${shard}",op="${op}"}`,
      ]),
      `chat_writer_batch_rows_count{shard="${shard}"}`,
      `chat_writer_queue_rows{shard="${shard}"}`,
    ]),
  ].map((series) => [series, 0] as const),
);

const send = (id: string, to: number) => ({ type: "send", id, to, text: "x" });

test("every metric of the contract is there from the start, at 0, and says what happened", async (t) => {
  // One commit of 50 ms at a time, so that what is sent together is one batch.
  const server = await startServer({ args: ["--shards", "2?commitMs=50"] });
  t.after(() => server.stop());
  const fresh = await scrape(server.url);
  for (const [series, value] of Object.entries(SERIES)) assert.equal(metricValue(fresh, series), value, series);
  assert.equal(metricValue(fresh, "chat_shards"), 2);
  assert.equal(metricValue(fresh, "chat_topology_epoch"), 1);

  const [ann, bob] = [await connect(server.chat, 1), await connect(server.chat, 2)];
  ann.send(...Array.from({ length: 30 }, (_, i) => send(`m${i}`, 2)));
  const shard = (await ann.next("ack")).shard;
  for (let i = 0; i < 29; i++) await ann.next("ack");
  ann.send(send("m0", 2), send("m1", 2));
  for (let i = 0; i < 2; i++) await ann.next("ack");
  bob.send(send("offline", 900));
  await bob.next("ack");
  bob.send({ type: "history", id: "h", with: 1 }, { type: "nonsense" });
  await bob.next("error");
  bob.send({ type: "history", id: "h", with: 1 });
  await bob.next("history");
  for (let i = 0; i < 30; i++) await bob.next("message");

  const page = await scrape(server.url);
  const sum = (name: string, rest: string) =>
    SHARDS.reduce((total, label) => total + metricValue(page, `${name}{shard="${label}",${rest}}`), 0);
  const values: Record<string, number> = {
    chat_connections: 2,
    chat_recipients_offline_total: 1,
    [`chat_errors_total{code="BAD_FRAME"}`]: 1,
    [`chat_messages_total{shard="${shard}",result="duplicate"}`]: 2,
    // 30, then 2, and the one to 900 wherever it is.
    [`chat_stage_duration_seconds_count{stage="commit"}`]: 33,
    [`chat_stage_duration_seconds_count{stage="queue"}`]: 33,
    [`chat_stage_duration_seconds_count{stage="place"}`]: 33,
    [`chat_stage_duration_seconds_count{stage="deliver"}`]: 31,
    // Two hellos, 33 messages, one history.
    [`chat_stage_duration_seconds_count{stage="validate"}`]: 36,
    // No commit is shorter than its shape.
    [`chat_stage_duration_seconds_bucket{le="0.025",stage="commit"}`]: 0,
    [`chat_shard_operations_total{shard="${shard}",op="history",result="ok"}`]: 1,
    [`chat_hot_dialog_share{rank="01"}`]: 32 / 33,
    [`chat_hot_dialog_share{rank="02"}`]: 1 / 33,
  };
  for (const [series, value] of Object.entries(values)) assert.equal(metricValue(page, series), value, series);
  assert.equal(sum("chat_messages_total", 'result="stored"'), 31);
  assert.equal(sum("chat_shard_operations_total", 'op="insert",result="ok"'), 3);
  assert.equal(sum("chat_shard_operation_duration_seconds_count", 'op="insert"'), 3);
  assert.equal(metricValue(page, `chat_writer_batch_rows_bucket{le="50",shard="${shard}"}`) >= 2, true);
  const seconds = metricValue(page, `chat_stage_duration_seconds_sum{stage="commit"}`);
  assert.ok(seconds >= 33 * 0.048 && seconds < 33 * 5, `${seconds} s: each message counts its commit`);
});
