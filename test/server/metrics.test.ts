import assert from "node:assert/strict";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { METRICS, type MetricDescription } from "../../server/observability/metric-names.ts";
import { ERROR_CODES } from "../../server/protocol/errors.ts";
import { CHANGE_KINDS } from "../../server/protocol/topology-change.ts";
import type { HotReply, ShardsReply } from "../../server/protocol/http.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";
import { startServer } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const SHARDS = ["00", "01"];

/** Every series that must be there before anything has happened, at 0, unless a value is given. */
const SERIES: Readonly<Record<string, number>> = Object.fromEntries(
  [
    "chat_connections",
    "chat_live_streams",
    "chat_slow_readers_total",
    "chat_followed_messages_total",
    "chat_topology_follow_seconds_count",
    ...CHANGE_KINDS.map((kind) => `chat_topology_changes_total{kind="${kind}"}`),
    "chat_delivery_fanout_count",
    "chat_dialog_window_messages_count",
    ...["max_over_mean", "cv", "gini", "effective_shards", "noise_floor", "dialogs"].map((of) => `chat_window_${of}`),
    ...["greeting", "open", "closing"].map((state) => `chat_connections_by_state{state="${state}"}`),
    ...["00", "7f", "ff"].map((bucket) => `chat_key_space_messages_total{bucket="${bucket}"}`),
    ...["accepted", "dropped"].map((result) => `chat_log_lines_total{result="${result}"}`),
    ...["sent", "aborted"].map((result) => `chat_scrapes_total{result="${result}"}`),
    ...["minor", "major", "incremental", "weak"].map(
      (kind) => `chat_gc_pause_seconds_bucket{le="0.0005",kind="${kind}"}`,
    ),
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
      ...[
        "chat_writer_queue_rows",
        "chat_writer_queue_bytes",
        "chat_writer_queue_age_seconds",
        "chat_resends_total",
      ].map((name) => `${name}{shard="${shard}"}`),
      ...["chat_shard_text_bytes_total", "chat_writer_busy_seconds_total", "chat_shard_stored_rows"].map(
        (name) => `${name}{shard="${shard}"}`,
      ),
    ]),
  ].map((series) => [series, 0] as const),
);

/** Kept of all shards together when there are many. */
const COARSE = new Set([
  "chat_resends_total",
  "chat_pool_connections",
  "chat_shard_writable",
  "chat_shard_out",
  "chat_shard_stored_bytes",
  "chat_writer_queue_bytes",
  "chat_writer_batch_rows_count",
  "chat_pool_wait_seconds_count",
]);

const send = (id: string, to: number) => ({ type: "send", id, to, text: to === 2 ? "👍x" : "x" });

function byName(a: readonly string[], b: readonly string[]): number {
  return a[0]! < b[0]! ? -1 : 1;
}

/** The lines of the series, without exemplars. */
function bare(page: string): string[] {
  return page
    .replaceAll(/ # \{.*$/gmu, "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Of all series of that name. */
function sumOf(page: string, name: string): number {
  const lines = page.split("\n").filter((line) => line.startsWith(`${name}{`));
  assert.ok(lines.length > 0, name);
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** The page has every metric of the table and no other, each with its labels, and under 2,000 series. */
function assertTable(text: string): void {
  const series = bare(text);
  assert.ok(series.length > 1_500 && series.length < 2_000, `${series.length} series`);
  const described = Object.entries<MetricDescription>(METRICS);
  const heads = [...text.matchAll(/^# HELP (\S+) (.+)\n# TYPE \1 (\S+)$/gmu)].map(([, ...head]) => head);
  assert.deepEqual(
    heads.map(([name, help, type]) => [name!, help!, type!]).sort(byName),
    described.map(([name, { help, type }]) => [name, help, type]).sort(byName),
  );
  for (const [name, { labels, type }] of described) {
    const own = series.filter((line) =>
      new RegExp(`^${name}${type === "histogram" ? "(_bucket|_sum|_count)" : ""}[ {]`).test(line),
    );
    assert.ok(own.length > 0, `${name} has no series`);
    for (const line of own) {
      const found = [...line.matchAll(/[{,](\w+)="/g)].map(([, label]) => label!).filter((label) => label !== "le");
      assert.deepEqual(found, [...labels], line);
    }
  }
}

test("every metric of the contract is there from the start, at 0, and says what happened", async (t) => {
  // One commit of 50 ms at a time, so that what is sent together is one batch.
  const server = await startServer({ args: ["--shards", "2?commitMs=50"] });
  t.after(() => server.stop());
  const fresh = await scrape(server.url);
  for (const [series, value] of Object.entries(SERIES)) assert.equal(metricValue(fresh, series), value, series);
  assert.equal(metricValue(fresh, "chat_shards"), 2);
  assert.equal(metricValue(fresh, "chat_topology_epoch"), 1);
  assert.equal(metricValue(fresh, "chat_topology_segments"), 1);
  for (const shard of SHARDS) {
    assert.equal(metricValue(fresh, `chat_shard_writable{shard="${shard}"}`), 1);
    assert.equal(metricValue(fresh, `chat_shard_out{shard="${shard}"}`), 0);
  }

  const [ann, bob] = [await connect(server.chat, 1), await connect(server.chat, 2)];
  ann.send(...Array.from({ length: 30 }, (_, i) => send(`m${i}`, 2)));
  const shard = (await ann.next("ack")).shard;
  let commitMs = 0;
  for (let i = 0; i < 29; i++) commitMs = (await ann.next("ack")).stages.commit;
  ann.send({ ...send("m0", 2), resend: true }, send("m1", 2));
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
    [`chat_connections_by_state{state="open"}`]: 2,
    [`chat_shard_up{shard="${shard}"}`]: 1,
    // Its writer, and its reader for the history.
    [`chat_pool_connections{shard="${shard}"}`]: 2,
    [`chat_resends_total{shard="${shard}"}`]: 1,
    // 30 reached one connection, the one to 900 none; twins do not count.
    chat_delivery_fanout_sum: 30,
    chat_delivery_fanout_count: 31,
    [`chat_delivery_fanout_bucket{le="0"}`]: 1,
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
    // A page, and the message that was sent again.
    [`chat_shard_operations_total{shard="${shard}",op="history",result="ok"}`]: 2,
    [`chat_hot_dialog_share{rank="01"}`]: 32 / 33,
    [`chat_hot_dialog_share{rank="02"}`]: 1 / 33,
  };
  for (const [series, value] of Object.entries(values)) assert.equal(metricValue(page, series), value, series);
  assert.equal(sum("chat_messages_total", 'result="stored"'), 31);
  // A thumb is four bytes of UTF-8 and the rest are one.
  assert.equal(sumOf(page, "chat_shard_text_bytes_total"), 30 * 5 + 1);
  assert.equal(sumOf(page, "chat_key_space_messages_total"), 33);
  const inBuckets = page.split("\n").filter((line) => /^chat_key_space_messages_total.* [1-9]/.test(line));
  assert.deepEqual(
    inBuckets.map((line) => Number(line.split(" ")[1])).sort((a, b) => a - b),
    [1, 32],
  );
  assert.ok(sumOf(page, "chat_writer_busy_seconds_total") >= 3 * 0.048, "three commits, each by its shape");
  assert.ok(sumOf(page, "chat_pool_wait_seconds_count") >= 4, "every operation waits, if only for no time");
  assert.equal(sum("chat_shard_operations_total", 'op="insert",result="ok"'), 3);
  assert.equal(sum("chat_shard_operation_duration_seconds_count", 'op="insert"'), 3);
  assert.equal(metricValue(page, `chat_writer_batch_rows_bucket{le="50",shard="${shard}"}`) >= 2, true);
  const seconds = metricValue(page, `chat_stage_duration_seconds_sum{stage="commit"}`);
  assert.ok(seconds >= 33 * 0.048 && seconds >= (30 * commitMs) / 1_000 - 1e-3, `${seconds} s: each counts its commit`);
});

test("what is measured by itself has values: the loop, the collector, the process, the size of the shards", async (t) => {
  const server = await startServer({ args: ["--shards", "2"] });
  t.after(() => server.stop());
  const ann = await connect(server.chat, 1);
  for (let round = 0; round < 40; round++) {
    ann.send(...Array.from({ length: 250 }, (_, i) => send(`${round}-${i}`, 2 + (i % 50))));
    for (let i = 0; i < 250; i++) await ann.next("ack");
  }
  let page = await scrape(server.url);
  // The shards are counted every few seconds.
  while (sumOf(page, "chat_shard_stored_rows") < 10_000) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    page = await scrape(server.url);
  }
  assert.equal(sumOf(page, "chat_shard_stored_rows"), 10_000);
  assert.ok(sumOf(page, "chat_shard_stored_bytes") > 500_000);
  assert.ok(metricValue(page, "chat_event_loop_lag_seconds_count") > 10);
  const utilization = metricValue(page, "chat_event_loop_utilization");
  assert.ok(utilization > 0 && utilization < 1, String(utilization));
  assert.ok(sumOf(page, "chat_gc_pause_seconds_count") > 0);
  assert.ok(metricValue(page, "chat_process_cpu_seconds_total") > 0.1);
  assert.ok(metricValue(page, "chat_process_resident_bytes") > metricValue(page, "chat_process_heap_bytes"));
  assert.ok(metricValue(page, "chat_process_heap_bytes") > 1e6);
});

const count = (page: string, part: string) => page.split(part).length - 1;

test("the page has exactly the metrics of the table, with their labels, in both formats, and stays under 2,000 series", async (t) => {
  const server = await startServer({ args: ["--shards", "16"] });
  t.after(() => server.stop());
  const ann = await connect(server.chat, 1);
  ann.send(send("a", 2));
  const { message } = await ann.next("ack");
  const text = await scrape(server.url);
  assertTable(text);

  const accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2";
  const response = await fetch(`${server.url}/metrics`, { headers: { accept } });
  assert.match(response.headers.get("content-type")!, /^application\/openmetrics-text; version=1\.0\.0/);
  const open = await response.text();
  assert.deepEqual(
    bare(open).map((line) => line.split(" ")[0]),
    bare(text).map((line) => line.split(" ")[0]),
  );
  const bucket = /chat_key_space_messages_total\{bucket="(..)"\} 1$/m.exec(text)![1];
  const exemplar = (dialog: string) => `# {${dialog},message="${message}",connection="`;
  assert.equal(count(open, exemplar(`bucket="${bucket}"`)), 2, "one for the stage, one for the shard");
  assert.match(open, /# EOF\n$/);
  assert.doesNotMatch(open, /1_2/, "whoever has no token does not read who talks to whom");

  const scrapeAs = (token: string) =>
    fetch(`${server.url}/metrics`, { headers: { accept, authorization: `Bearer ${token}` } });
  const admin = await (await scrapeAs(tokenOf(9, "admin"))).text();
  assert.equal(count(admin, exemplar('dialog="1_2"')), 2);
  assert.equal((await scrapeAs(tokenOf(1))).status, 403);
  assert.equal((await scrapeAs("no token")).status, 401);
});

test("sixty-four shards stay under 2,000 series: each keeps what skew and alerts need, the rest is kept of all", async (t) => {
  const server = await listen(
    t,
    Array.from({ length: 64 }, () => scripted({ connections: () => 3 })),
  );
  await server.open();
  const ann = await connect(server.chatUrl, 1);
  ann.send(send("a", 2), send("b", 3));
  const acks = [await ann.next("ack"), await ann.next("ack")];
  ann.send({ ...send("a", 2), resend: true }, { type: "history", id: "h", with: 2 });
  await ann.next("history");
  const page = await scrape(server.url);
  assertTable(page);
  const labels = (name: string) =>
    new Set([...page.matchAll(new RegExp(`^${name}\\{.*shard="(\\w+)"`, "gmu"))].map(([, it]) => it));
  const one = acks[0]!.shard;
  for (const name of Object.entries<MetricDescription>(METRICS).flatMap(([name, row]) =>
    row.labels.includes("shard") ? [row.type === "histogram" ? `${name}_count` : name] : [],
  )) {
    if (COARSE.has(name)) assert.deepEqual([...labels(name)], ["all"], name);
    else assert.equal(labels(name).has("63") && labels(name).has(one) && labels(name).size >= 64, true, name);
  }
  const commits = `chat_shard_operation_duration_seconds_bucket{le="2.5",shard="${one}",op="insert"}`;
  const values: Record<string, number> = {
    [commits]: metricValue(page, `chat_shard_operations_total{shard="${one}",op="insert",result="ok"}`),
    [`chat_shard_operations_total{shard="${one}",op="read",result="ok"}`]: 1,
    'chat_shard_operation_duration_seconds_count{shard="all",op="read"}': 1,
    'chat_resends_total{shard="all"}': 1,
    'chat_pool_connections{shard="all"}': 3 * 64,
    'chat_shard_writable{shard="all"}': 64,
    'chat_shard_out{shard="all"}': 0,
  };
  for (const [series, value] of Object.entries(values)) assert.equal(metricValue(page, series), value, series);
  const batches = metricValue(page, 'chat_writer_batch_rows_sum{shard="all"}');
  assert.equal(batches, 3, "two messages and a twin");
});

test("with --observe 0 the chat is the same, what it needs itself is counted, and what is measured per message is not", async (t) => {
  const server = await startServer({ args: ["--shards", "2", "--observe", "0"] });
  t.after(() => server.stop());
  const [ann, bob] = [await connect(server.chat, 1), await connect(server.chat, 2)];
  ann.send(send("a", 2), send("offline", 900), { ...send("a", 2), resend: true });
  // Shards answer in whatever order they commit.
  const acks = [await ann.next("ack"), await ann.next("ack"), await ann.next("ack")];
  const { message, shard } = acks.find(({ id }) => id === "a")!;
  assert.equal((await bob.next("message")).message, message);
  ann.send({ type: "history", id: "h", with: 2 }, { type: "nonsense" });
  await ann.next("error");
  ann.send({ type: "history", id: "h", with: 2 });
  assert.equal((await ann.next("history")).messages.length, 1);

  const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
  const ask = async <T>(path: string) => (await (await fetch(server.url + path, { headers })).json()) as T;
  const { recipientsOffline, shards } = await ask<ShardsReply>("/v1/shards");
  assert.equal(recipientsOffline, 1);
  assert.ok(shards.find(({ label }) => label === shard)!.writer.rows > 0, "the limit of a writer is fitted to these");
  assert.deepEqual((await ask<HotReply>("/v1/hot")).dialogs, []);
  const page = await scrape(server.url);
  for (const name of [
    "chat_messages_total",
    "chat_resends_total",
    "chat_shard_operations_total",
    "chat_shard_operation_duration_seconds_count",
    "chat_writer_batch_rows_count",
    "chat_writer_busy_seconds_total",
    "chat_pool_wait_seconds_count",
    "chat_shard_text_bytes_total",
    "chat_stage_duration_seconds_count",
  ]) {
    assert.equal(sumOf(page, name), 0, name);
  }
  assert.doesNotMatch(page, /^chat_(?:key_space|dialog_window|window|event_loop|gc|process)_/mu);
  assert.equal(metricValue(page, "chat_connections"), 2);
  assert.equal(metricValue(page, 'chat_errors_total{code="BAD_FRAME"}'), 1);
  assert.equal(metricValue(page, "chat_recipients_offline_total"), 1);
});

test("fifty scrapers at once get fresh pages and are counted, as are those that hang up", async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const ann = await connect(server.chat, 1);
  ann.send(send("a", 2));
  await ann.next("ack");
  const pages = await Promise.all(Array.from({ length: 50 }, () => scrape(server.url)));
  for (const page of pages) assert.equal(sumOf(page, "chat_key_space_messages_total"), 1);
  // One that hangs up may have been answered before: then another does.
  for (let last = ""; last === "" || metricValue(last, `chat_scrapes_total{result="aborted"}`) === 0;) {
    const cut = connectTcp(Number(new URL(server.url).port), "127.0.0.1");
    cut.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", () => cut.destroy());
    last = await scrape(server.url);
    assert.ok(metricValue(last, `chat_scrapes_total{result="sent"}`) >= 50);
  }
});
