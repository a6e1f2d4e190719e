import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { executeRun } from "../../../../loadtest/run/run.ts";
import { SERVER_METRICS, startMetricsSampler } from "../../../../loadtest/run/server-metrics/sampler.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";
import { promtool, skipWithoutPromtool } from "../../../support/promtool.ts";
import { startPushReceiver } from "../../../support/push-receiver.ts";
import { temporaryFolder } from "../../../support/server.ts";

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (out: string, secret: string) =>
  executeRun({
    scenario: "random",
    dials: { ...DEFAULT_DIALS, users: 20, rate: 50, durationS: 2, warmupS: 0 },
    driver: createNodeDriver(),
    secret,
    url: null,
    serverArgs: ["--shards", "2"],
    out,
    command: "hotshard run random",
  });

const textOf = (path: string): string => gunzipSync(readFileSync(path)).toString();

test("the server's series of a run are in its folder, up to its end, and promtool makes blocks of them", async (t) => {
  const out = join(folder, "run");
  const result = await run(out, DEVELOPMENT_SECRET);
  const text = textOf(join(out, SERVER_METRICS));
  const stored = text.split("\n").filter((line) => /^chat_messages_total\{.*result="stored"/u.test(line));
  const last = new Map(stored.map((line) => [line.slice(0, line.indexOf("}")), Number(line.split(" ")[1])]));
  assert.equal(last.size, 2, "two shards");
  assert.equal(
    [...last.values()].reduce((sum, count) => sum + count, 0),
    result.traffic.acked,
  );
  const labels = new RegExp(`\\{job="chat",instance="127\\.0\\.0\\.1:\\d+",testid="${result.run.id}",`, "u");
  for (const line of stored) assert.match(line, labels);
  assert.match(text, /\n# EOF\n$/u);
  assert.deepEqual(
    readdirSync(out).filter((file) => file.includes(".part")),
    [],
  );

  await t.test("blocks", { skip: skipWithoutPromtool }, async () => {
    writeFileSync(join(out, "metrics.om"), text);
    const made = await promtool(["tsdb", "create-blocks-from", "openmetrics", "metrics.om", "data"], out);
    assert.ok(made.ok, made.output);
    const listed = await promtool(["tsdb", "list", "data"], out);
    assert.match(listed.output, /^BLOCK ULID.*\n\w{26} /u);
  });
});

test("no file of a run that could not begin, nor one of an earlier run in the same folder", async () => {
  const out = join(folder, "refused");
  mkdirSync(out);
  writeFileSync(join(out, SERVER_METRICS), "of another run");
  const url = "ws://127.0.0.1:9/chat";
  const order = { scenario: "random", dials: DEFAULT_DIALS, driver: createNodeDriver(), secret: "x", url, out };
  await assert.rejects(executeRun({ ...order, serverArgs: [], command: "" }), { code: "SERVER_UNREACHABLE" });
  assert.equal(existsSync(out), false);
});

test("a server that has no such page leaves no file, and one that cannot be written is told of", async (t) => {
  let type = "text/html";
  const server = await startPushReceiver((_request, _body, response) => {
    response.writeHead(200, { "content-type": type }).end("# TYPE up gauge\nup 1\n# EOF\n");
  });
  t.after(() => server.close());
  const chat = `${server.url.replace("http", "ws")}/chat`;
  const out = join(folder, "foreign");
  mkdirSync(out);
  assert.equal(await startMetricsSampler(chat, out, "r").end(true), null);
  assert.deepEqual(readdirSync(out), []);

  type = "application/openmetrics-text; version=1.0.0";
  assert.match(
    (await startMetricsSampler(chat, join(out, "gone"), "r").end(true)) ?? "",
    /^server-metrics.om.gz .*ENOENT/u,
  );
  assert.equal(await startMetricsSampler(chat, out, "r").end(false), null);
  assert.deepEqual(readdirSync(out), []);
  assert.equal(await startMetricsSampler(chat, out, "r").end(true), null);
  assert.match(
    textOf(join(out, SERVER_METRICS)),
    /^# TYPE up gauge\nup\{job="chat",instance="127.+,testid="r"\} 1 \d/u,
  );
});
