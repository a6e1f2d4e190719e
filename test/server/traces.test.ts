import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { STAGES } from "../../server/observability/metric-names.ts";
import { connect } from "../support/chat-client.ts";
import { metricValue, scrape, untilMetric } from "../support/metrics.ts";
import { attributesOf, startOtlpReceiver, type CollectorMood, type OtlpSpan } from "../support/otlp-receiver.ts";
import { startServer, temporaryFolder, unusedPort } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const TEXT = "planted-text-4721";
const PASSWORD = "planted-password-4722";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const SAMPLED = `00-${TRACE}-${PARENT}-01`;
const UNSAMPLED = `00-${TRACE}-${PARENT}-00`;
const ACCEPTED = 'chat_traces_total{result="accepted"}';
const DROPPED = 'chat_traces_total{result="dropped"}';

const send = (id: string, traceparent?: string) => ({
  type: "send",
  id,
  to: 2,
  text: TEXT,
  ...(traceparent !== undefined && { traceparent }),
});

const ms = (time: string): number => Number(BigInt(time) / 1_000n) / 1_000;

/** The span of a message, and those of its stages by name. */
function traceOf(spans: readonly OtlpSpan[], message: string): { root: OtlpSpan; stages: Map<string, OtlpSpan> } {
  const root = spans.find((span) => attributesOf(span)["chat.message"] === message)!;
  const below = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  for (const { traceId } of below) assert.equal(traceId, root.traceId);
  return { root, stages: new Map(below.map((span) => [span.name, span])) };
}

/** Stages follow one another inside their message, and the commit is as long as its acknowledgement says. */
function assertTimes(root: OtlpSpan, stages: Map<string, OtlpSpan>, ack: { queue: number; commit: number }): void {
  let last = ms(root.startTimeUnixNano);
  for (const [, { endTimeUnixNano, startTimeUnixNano }] of stages) {
    // Microseconds of rounding.
    assert.ok(ms(startTimeUnixNano) >= last - 0.002 && ms(endTimeUnixNano) >= ms(startTimeUnixNano));
    last = ms(endTimeUnixNano);
  }
  assert.ok(last <= ms(root.endTimeUnixNano) + 0.002);
  assert.ok(Math.abs(ms(root.endTimeUnixNano) - Date.now()) < 60_000, "Unix time");
  for (const name of ["queue", "commit"] as const) {
    const { endTimeUnixNano, startTimeUnixNano } = stages.get(name)!;
    assert.ok(Math.abs(ms(endTimeUnixNano) - ms(startTimeUnixNano) - ack[name]) < 0.005, name);
  }
}

test("a traced message is one span with one for each stage, below the client's own, and its context goes on", async (t) => {
  const collector = await startOtlpReceiver();
  t.after(() => collector.close());
  const url = collector.url.replace("//", `//user:${PASSWORD}@`);
  const server = await startServer({
    args: ["--shards", "2?commitMs=20", "--log", "debug", "--instance", "chat-1"],
    env: { HOTSHARD_TRACES_URL: url },
  });
  t.after(() => server.kill9());
  const [ann, bob] = [await connect(server.chat, 1), await connect(server.chat, 2)];
  ann.send(send("joined", SAMPLED), send("own"), send("quiet", UNSAMPLED));
  const acks = [await ann.next("ack"), await ann.next("ack"), await ann.next("ack")];
  const [joined, own, quiet] = [await bob.next("message"), await bob.next("message"), await bob.next("message")];
  ann.send({ ...send("joined", SAMPLED), resend: true });
  assert.equal((await ann.next("ack")).message, joined.message);
  const page = await (
    await fetch(`${server.url}/metrics`, { headers: { accept: "application/openmetrics-text" } })
  ).text();
  assert.equal(await server.stop(), 0);

  const { spans } = collector;
  assert.deepEqual(
    [joined, own, quiet].map(({ client }) => client),
    ["joined", "own", "quiet"],
  );
  const { root, stages } = traceOf(spans, joined.message);
  assert.deepEqual([root.traceId, root.parentSpanId, root.name, root.kind], [TRACE, PARENT, "message", 2]);
  assert.equal(joined.traceparent, `00-${TRACE}-${root.spanId}-01`, "a reader's span belongs below the message's");
  assert.equal(quiet.traceparent, UNSAMPLED, "passed on as it came");
  const mine = traceOf(spans, own.message);
  assert.equal(mine.root.parentSpanId ?? "", "", "it begins here");
  assert.equal(own.traceparent, `00-${mine.root.traceId}-${mine.root.spanId}-01`);
  for (const [ack, trace] of [
    [acks[0]!, { root, stages }],
    [acks[1]!, mine],
  ] as const) {
    assert.deepEqual([...trace.stages.keys()], [...STAGES]);
    assertTimes(trace.root, trace.stages, ack.stages);
    const { "chat.connection": connection, "chat.dialog_bucket": bucket, ...rest } = attributesOf(trace.root);
    assert.deepEqual(rest, { "chat.message": ack.message, "chat.result": "stored", "chat.shard": ack.shard });
    assert.ok(metricValue(page, `chat_key_space_messages_total{bucket="${bucket}"}`) >= 3);
    const line = server
      .log()
      .split("\n")
      .find((line) => line.includes(`"message":"${ack.message}"`))!;
    const { connection: logged, trace_id } = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual([logged, trace_id], [connection, trace.root.traceId]);
  }
  const twin = spans.find((span) => attributesOf(span)["chat.result"] === "duplicate")!;
  assert.deepEqual([twin.traceId, twin.parentSpanId], [TRACE, PARENT]);
  assert.equal(spans.filter(({ name }) => name === "message").length, 3, "a client said no for its own");
  assert.equal(page.split(`trace_id="${TRACE}"`).length - 1, 2, "exemplars of the stage and of the shard lead here");

  const { headers, path } = collector.pushes[0]!;
  assert.deepEqual([path, headers["content-type"]], ["POST /v1/traces", "application/json"]);
  assert.equal(headers.authorization, `Basic ${Buffer.from(`user:${PASSWORD}`).toString("base64")}`);
  const { "service.name": name, "service.instance.id": instance } = collector.resources[0]!;
  assert.deepEqual([name, instance], ["hotshard", "chat-1"]);
  const said = server.stdout() + server.stderr() + JSON.stringify(collector.pushes.map(({ body }) => body));
  for (const planted of [TEXT, PASSWORD, tokenOf(1), '"1_2"']) {
    assert.equal(JSON.stringify(collector.pushes.map(({ body }) => body)).includes(planted), false, planted);
    if (planted !== '"1_2"') assert.equal(said.includes(planted), false, planted);
  }
});

test("a message that is not stored is a span with the error's code; the ratio is of those that do not ask", async (t) => {
  const collector = await startOtlpReceiver();
  t.after(() => collector.close());
  const dead = `mysql://user:pass@127.0.0.1:${await unusedPort()}/s0`;
  const data = temporaryFolder();
  const server = await startServer({
    args: ["--shards", `sqlite:${data}/a.db,${dead}`, "--traces-url", `${collector.url}/other`, "--traces-ratio", "0"],
    data,
  });
  t.after(() => server.kill9());
  const ann = await connect(server.chat, 1);
  const peers = Array.from({ length: 40 }, (_, index) => index + 2);
  ann.send(
    ...peers.flatMap((to) => [
      { ...send(`a${to}`, SAMPLED), to },
      { ...send(`b${to}`), to },
    ]),
  );
  while (ann.untaken().length < 80) await ann.settle();
  const refused = ann.untaken().filter((frame) => frame.type === "error" && frame.code === "SHARD_UNAVAILABLE");
  assert.equal(await server.stop(), 0);
  const roots = collector.spans.filter(({ name }) => name === "message");
  assert.equal(roots.length, 40);
  assert.ok(roots.every(({ traceId }) => traceId === TRACE));
  const failed = roots.filter(({ status }) => status.code === 2);
  assert.ok(failed.length > 0 && 2 * failed.length === refused.length);
  for (const span of failed) {
    assert.equal(span.status.message, "SHARD_UNAVAILABLE");
    assert.equal(attributesOf(span)["error.type"], "SHARD_UNAVAILABLE");
    assert.equal(attributesOf(span)["chat.shard"], "01");
  }
  assert.ok(collector.pushes.every(({ path }) => path === "POST /other"));
});

/** @returns what the server counted in the end */
async function sendInto(mood: CollectorMood | "down"): Promise<{ accepted: number; dropped: number }> {
  const collector = await startOtlpReceiver();
  if (mood === "down") await collector.close();
  else collector.mood(mood);
  const server = await startServer({ args: ["--log", "info"], env: { HOTSHARD_TRACES_URL: collector.url } });
  try {
    const ann = await connect(server.chat, 1);
    ann.send(...Array.from({ length: 200 }, (_, index) => send(`m${index}`)));
    for (let i = 0; i < 200; i++) await ann.next("ack");
    if (mood !== "down") await collector.until(() => collector.pushes.length > 0);
    ann.send(send("while"));
    await ann.next("ack");
    const begin = performance.now();
    assert.equal(await server.stop(), 0);
    const took = performance.now() - begin;
    assert.ok(took < 120_000, `${took} ms to stop`);
    const last = server
      .log()
      .split("\n")
      .find((line) => line.includes("what became of the traces"))!;
    const { accepted, dropped } = JSON.parse(last) as { accepted: number; dropped: number };
    return { accepted, dropped };
  } finally {
    await server.kill9();
    if (mood !== "down") await collector.close();
  }
}

test("a collector that hangs, drips, fails or is down: the chat goes on, a stop waits no longer than it may, all is counted", async () => {
  const counts = await Promise.all((["hang", "drip", 503, "down"] as const).map(sendInto));
  for (const count of counts) assert.deepEqual(count, { accepted: 0, dropped: 201 });
});

test("what the collector refuses is dropped at once and counted; what comes later is taken", async (t) => {
  const collector = await startOtlpReceiver();
  t.after(() => collector.close());
  collector.mood(400);
  const server = await startServer({ env: { HOTSHARD_TRACES_URL: collector.url } });
  t.after(() => server.kill9());
  const ann = await connect(server.chat, 1);
  ann.send(send("a"));
  await ann.next("ack");
  await untilMetric(server.url, DROPPED, (value) => value === 1);
  assert.equal(collector.pushes.length, 1, "a refusal is not tried again");
  collector.mood(200);
  ann.send(send("b"), send("c"));
  await untilMetric(server.url, ACCEPTED, (value) => value === 2);
  assert.equal(metricValue(await scrape(server.url), DROPPED), 1);
  assert.equal(await server.stop(), 0);
});

test("off, nothing of OpenTelemetry's SDK is loaded, and a client's context is passed on as it came", async (t) => {
  const preload = new URL("../support/loaded-modules.js", import.meta.url).href;
  const folder = temporaryFolder();
  async function run(name: string, env: Record<string, string>) {
    const file = join(folder, name);
    const server = await startServer({
      env: { ...env, NODE_OPTIONS: `--import=${preload}`, LOADED_MODULES: file },
      data: folder,
    });
    t.after(() => server.kill9());
    const [ann, bob] = [await connect(server.chat, 1), await connect(server.chat, 2)];
    ann.send(send(name, SAMPLED), send(`${name}-bare`));
    const got = [await bob.next("message"), await bob.next("message")];
    assert.equal(await server.stop(), 0);
    const loaded = readFileSync(file, "utf8").split("\n");
    assert.ok(loaded.some((module) => module.endsWith("/server/chat/send.ts")));
    return { got, sdk: loaded.filter((module) => /@opentelemetry\/(?!api\/)/.test(module)) };
  }
  const off = await run("off", {});
  assert.deepEqual(off.sdk, []);
  assert.deepEqual(
    off.got.map(({ traceparent }) => traceparent),
    [SAMPLED, undefined],
  );
  const collector = await startOtlpReceiver();
  t.after(() => collector.close());
  const on = await run("on", { HOTSHARD_TRACES_URL: collector.url });
  assert.ok(on.sdk.length > 0, "the hook sees the threads too");
  assert.equal(collector.spans.filter(({ name }) => name === "message").length, 2);
});
