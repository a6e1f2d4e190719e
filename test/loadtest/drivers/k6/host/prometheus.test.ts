import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { loadRun } from "../../../../../dashboards/load-run.ts";
import { createK6Driver } from "../../../../../loadtest/drivers/k6/host/driver.ts";
import { askPrometheus, remoteWrite } from "../../../../../loadtest/drivers/k6/host/prometheus.ts";
import { findProgram, PROMETHEUS } from "../../../../../tools/stack/programs.ts";
import { DEFAULT_DIALS } from "../../../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../../../support/k6.ts";
import { startPushReceiver } from "../../../../support/push-receiver.ts";
import { need } from "../../../../support/need.ts";
import { startServer, temporaryFolder, unusedPort } from "../../../../support/server.ts";

const HOTSHARD = join(import.meta.dirname, "../../../../../bin/hotshard.js");
const SHARDS = ["00", "01", "02"];
const RECEIVER = "--web.enable-remote-write-receiver";
const HISTOGRAMS = "--enable-feature=native-histograms";

const program = await findProgram(PROMETHEUS);
const skip = need("prometheus", program, "apt-get install prometheus") || skipWithoutK6;

/** A Prometheus that scrapes nothing. @returns its address */
async function startPrometheus(t: TestContext, flags: readonly string[]): Promise<string> {
  const folder = temporaryFolder();
  const address = `127.0.0.1:${await unusedPort()}`;
  writeFileSync(join(folder, "prometheus.yml"), "");
  const own = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
  const child = spawn(program!, [...own, `--web.listen-address=${address}`, ...flags], { stdio: "ignore" });
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error("prometheus did not start");
    const answer = await fetch(`http://${address}/-/ready`).catch(() => null);
    if (answer?.ok === true) return `http://${address}`;
    await delay(50);
  }
}

/** @returns the values of an instant query by one label, or by shard */
async function ask(prometheus: string, query: string, label = "shard"): Promise<Record<string, number>> {
  const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = (await answer.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return Object.fromEntries(data.result.map(({ metric, value }) => [metric[label] ?? "", Number(value[1])]));
}

test("two k6 write what they counted and timed of each shard", { skip }, async (t) => {
  const prometheus = await startPrometheus(t, [RECEIVER, HISTOGRAMS]);
  const server = await startServer({ args: ["--shards", "3"] });
  t.after(() => server.stop());
  const dials = { ...DEFAULT_DIALS, users: 40, rate: 200, durationS: 5, warmupS: 1 };
  const measured = await createK6Driver().drive({
    runId: "k6promrun0",
    scenario: "lady-gaga",
    dials,
    url: server.chat,
    secret: DEVELOPMENT_SECRET,
    shards: SHARDS,
    generators: 2,
    prometheus: `${prometheus}/api/v1/write`,
  });
  const of = (pick: (label: string) => number) => Object.fromEntries(SHARDS.map((label) => [label, pick(label)]));
  assert.deepEqual(
    await ask(prometheus, "sum by (shard) (k6_hotshard_acked_total)"),
    of((label) => measured.shards[label]!.acked),
  );
  for (const name of ["delivery", "service", "commit"] as const) {
    assert.deepEqual(
      await ask(prometheus, `sum by (shard) (histogram_count(k6_hotshard_${name}_seconds{phase="measure"}))`),
      of((label) => measured.shards[label]![name].count),
    );
  }
  const sums = await ask(prometheus, 'sum by (shard) (histogram_sum(k6_hotshard_commit_seconds{phase="measure"}))');
  for (const label of SHARDS) {
    const ratio = sums[label]! / (measured.shards[label]!.commit.sum / 1000);
    assert.ok(Math.abs(ratio - 1) < 0.01, `${label}: seconds, not milliseconds: ${ratio}`);
  }
  const sent = await ask(prometheus, "k6_hotshard_sent_total", "instance_id");
  assert.deepEqual(Object.keys(sent).sort(), ["k6promrun0-0", "k6promrun0-1"]);
  assert.equal(
    Object.values(sent).reduce((sum, count) => sum + count, 0),
    measured.sent,
  );

  const queries = loadRun.panels.flatMap((panel) => ("queries" in panel ? panel.queries : []).map(([query]) => query));
  const ours = queries.filter((query) => query.includes("k6_hotshard"));
  assert.ok(ours.length >= 5);
  for (const query of ours) {
    const values = Object.values(await ask(prometheus, query.replaceAll("$__rate_interval", "1m")));
    assert.ok(values.length > 0 && values.every((value) => Number.isFinite(value)), `${query}: ${values.join()}`);
  }
});

test("a Prometheus that would not take the series is told of before the run", { skip }, async (t) => {
  const deaf = await startPrometheus(t, []);
  const old = await startPrometheus(t, [RECEIVER]);
  const table: [string, RegExp][] = [
    [`http://127.0.0.1:${await unusedPort()}/api/v1/write`, /does not answer .*correct the address/u],
    [`${deaf}/api/v1/write`, /404.*--web\.enable-remote-write-receiver/u],
    [`${old}/api/v1/write`, /--enable-feature=native-histograms/u],
  ];
  for (const [url, message] of table) await assert.rejects(askPrometheus(url), { code: "NO_PROMETHEUS", message });
});

test("an address with a password: it is sent as one, and not shown", async (t) => {
  const seen: (string | undefined)[] = [];
  const guarded = await startPushReceiver((request, _, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401).end();
  });
  t.after(() => guarded.close());
  const address = `${guarded.url.replace("://", "://me:s3cr%40t@")}/api/v1/write`;
  await assert.rejects(askPrometheus(address), (error: Error) => {
    assert.match(error.message, /^http:\/\/127[^@]*\(401\); correct the address, user or password/u);
    return true;
  });
  assert.deepEqual(seen, [`Basic ${Buffer.from("me:s3cr@t").toString("base64")}`]);
  const written = remoteWrite(address);
  assert.equal(written["K6_PROMETHEUS_RW_SERVER_URL"], `${guarded.url}/api/v1/write`);
  assert.equal(written["K6_PROMETHEUS_RW_PASSWORD"], "s3cr@t");
});

test("bad options are one coded line", { skip: skipWithoutK6 }, async () => {
  const table: [string[], number, RegExp][] = [
    [["--driver", "node", "--prometheus", "http://127.0.0.1:9090"], 2, /PROMETHEUS_NEEDS_K6: .*--driver k6/u],
    [["--prometheus", "127.0.0.1:9090"], 2, /BAD_PROMETHEUS: --prometheus 127\.0\.0\.1:9090: /u],
    [["--generators", "1.5"], 2, /BAD_GENERATORS: --generators 1\.5: /u],
    [["--driver", "k6", "--prometheus", `http://127.0.0.1:${await unusedPort()}`], 4, /NO_PROMETHEUS: .*v1\/write/u],
  ];
  for (const [args, code, line] of table) {
    const folder = temporaryFolder();
    const all = [HOTSHARD, "run", "random", "--users", "10", ...args, "--out", folder];
    const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, all, (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr }));
    });
    rmSync(folder, { recursive: true, force: true });
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, line);
    assert.doesNotMatch(ended.stderr, /\n {4}at /u);
  }
});
