import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { runQueries, type Checked } from "../../dashboards/run-queries.ts";
import { findK6 } from "../../loadtest/drivers/k6/host/binary.ts";
import { everyProgram, findProgram, LOKI, PROMETHEUS } from "../../tools/stack/programs.ts";
import { lokiPart } from "../../tools/stack/loki.ts";
import { need } from "../support/need.ts";
import { applied } from "../support/operator.ts";
import { startServer, temporaryFolder, unusedPort } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
const prometheuses = await everyProgram(PROMETHEUS);
const loki = await findProgram(LOKI);
const k6 = await findK6();
const skip = need("prometheus", prometheuses[0], "apt-get install prometheus") || need("k6", k6, "hotshard k6 install");

/** Starts a program that ends with the test. */
function startProgram(t: TestContext, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(program, args, { stdio: "ignore", env: { ...process.env, ...env } });
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  return child;
}

/** Asks until the answer is yes. @throws {Error} when the program has ended before */
async function until(child: ChildProcess, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    await delay(50);
  }
}

const answers = async (url: string): Promise<boolean> => (await fetch(url)).ok;

/** Whether a query of a Prometheus has an answer. */
async function knows(prometheus: string, query: string): Promise<boolean> {
  const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  return ((await answer.json()) as { data: { result: unknown[] } }).data.result.length > 0;
}

function scratch(t: TestContext): string {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A Prometheus with the repository's rules that scrapes one server every second. @returns its address */
async function startPrometheus(t: TestContext, program: string, target: string): Promise<string> {
  const folder = scratch(t);
  const address = `127.0.0.1:${await unusedPort()}`;
  writeFileSync(
    join(folder, "prometheus.yml"),
    `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: ["${ROOT}/prometheus/rules/*.yml", "${ROOT}/prometheus/alerts/*.yml"]
scrape_configs: [{ job_name: chat, static_configs: [{ targets: ["${target}"] }] }]
`,
  );
  const args = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=${address}`,
    "--web.enable-remote-write-receiver",
    "--enable-feature=native-histograms,exemplar-storage",
  ];
  await until(startProgram(t, program, args), () => answers(`http://${address}/-/ready`));
  return `http://${address}`;
}

/** A Loki as `hotshard stack` runs it. @returns its address */
async function startLoki(t: TestContext, program: string): Promise<string> {
  const part = lokiPart(program, join(scratch(t), "loki"), { http: await unusedPort(), grpc: await unusedPort() });
  await until(startProgram(t, program, (await part.prepare()).args), () => answers(`${part.address}/ready`));
  return part.address;
}

/** Seconds of one question: all of them must lie within the traffic. */
const RANGE_S = 8;
/** The server closes a window of its traffic every ten seconds. */
const WINDOW_S = 10;

/** Traffic until the test ends: its end is no time by which questions must have been asked. */
function ladyGaga(t: TestContext, chat: string): ChildProcess {
  const dials = ["--url", chat, "--duration", "1h", "--rate", "200", "--users", "200", "--out", scratch(t)];
  return startProgram(t, process.execPath, [
    join(ROOT, "bin/hotshard.js"),
    "run",
    "lady-gaga",
    "--driver",
    "node",
    ...dials,
  ]);
}

/** By k6, which writes what it sees to Prometheus. */
function random(t: TestContext, chat: string, prometheus: string): ChildProcess {
  const dials = [`URL=${chat}`, "USERS=100", "RATE=100", "DURATION=1h"].flatMap((dial) => ["-e", dial]);
  const scenario = join(ROOT, "loadtest/scenarios/random.ts");
  return startProgram(t, k6!, ["run", "-q", "-o", "experimental-prometheus-rw", ...dials, scenario], {
    K6_PROMETHEUS_RW_SERVER_URL: `${prometheus}/api/v1/write`,
    K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: "true",
    K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
  });
}

function said(checked: readonly Checked[]): string {
  return checked.map(({ where, expr, fault }) => `${where}: ${fault}\n    ${expr}`).join("\n");
}

test("every panel and every rule gives finite data with its labels, on a live server", { skip }, async (t) => {
  const lokiUrl = loki === null ? undefined : await startLoki(t, loki);
  const server = await startServer({
    args: ["--log", "info"],
    env: lokiUrl === undefined ? {} : { HOTSHARD_LOKI_URL: lokiUrl },
  });
  t.after(() => server.stop());
  const target = new URL(server.url).host;
  // Debian's, and Prometheus 3 where it was built.
  const all = await Promise.all(prometheuses.map((program) => startPrometheus(t, program, target)));
  const hot = ladyGaga(t, server.chat);
  let cold = 900_000;
  for (const prometheus of all) {
    await t.test(await versionOf(prometheus), async (t) => {
      const even = random(t, server.chat, prometheus);
      const since = `5s] offset ${RANGE_S + WINDOW_S}s`;
      await until(hot, () => knows(prometheus, `sum(rate(chat_messages_total{result="stored"}[${since})) > 0`));
      await until(even, () => knows(prometheus, `sum(rate(k6_ws_msgs_sent_total[${since})) > 0`));
      // A dialog that nobody writes to: only the change is to be seen.
      await applied(server, { do: "pin", dialog: `${++cold}_999999`, shard: "00" });
      await until(hot, () => knows(prometheus, "increase(chat_topology_changes_total[1m]) > 0"));
      await asserted(prometheus, lokiUrl);
    });
  }
});

async function versionOf(prometheus: string): Promise<string> {
  const info = (await (await fetch(`${prometheus}/api/v1/status/buildinfo`)).json()) as { data: { version: string } };
  return `Prometheus ${info.data.version}`;
}

async function asserted(prometheus: string, lokiUrl: string | undefined): Promise<void> {
  const checked = await runQueries({
    prometheus,
    ...(lokiUrl !== undefined && { loki: lokiUrl }),
    dashboards: join(ROOT, "dashboards/json"),
    rangeS: RANGE_S,
    rate: "5s",
    // Of other exporters; their queries are parsed here.
    absent: /\b(?:mysql_|node_|container_)/u,
  });
  assert.ok(checked.length > 80, `${checked.length} queries were found`);
  assert.equal(checked.filter(({ expr }) => expr.startsWith("{")).length, lokiUrl === undefined ? 0 : 2);
  const faults = checked.filter(({ fault }) => fault !== null);
  assert.equal(faults.length, 0, said(faults));

  const wrong = await runQueries({ prometheus, dashboards: join(ROOT, "test/dashboards/faulty"), rangeS: RANGE_S });
  const seen = [/^no data$/u, /^the legend names shard/u, /^NaN at/u, /parse error/u];
  seen.forEach((fault, index) => assert.match(wrong[index]?.fault ?? "", fault));
}
