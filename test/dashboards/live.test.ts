import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { runQueries, type Checked } from "../../dashboards/run-queries.ts";
import { findK6 } from "../../loadtest/drivers/k6-binary.ts";
import { everyProgram, findProgram, LOKI, PROMETHEUS } from "../../loadtest/programs.ts";
import { lokiPart } from "../../loadtest/stack/loki.ts";
import { need } from "../support/need.ts";
import { startServer, temporaryFolder, unusedPort } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
const prometheuses = await everyProgram(PROMETHEUS);
const loki = await findProgram(LOKI);
const k6 = await findK6();
const skip = need("prometheus", prometheuses[0], "apt-get install prometheus") || need("k6", k6, "hotshard k6 install");
const run = promisify(execFile);

/** Starts a program and waits until `ready` answers with a 2xx. */
async function startProgram(t: TestContext, program: string, args: readonly string[], ready: string): Promise<void> {
  const child = spawn(program, args, { stdio: "ignore" });
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} did not start`);
    const answer = await fetch(ready).catch(() => null);
    if (answer?.ok === true) return;
    await delay(50);
  }
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
  await startProgram(t, program, args, `http://${address}/-/ready`);
  return `http://${address}`;
}

/** A Loki as `hotshard stack` runs it. @returns its address */
async function startLoki(t: TestContext, program: string): Promise<string> {
  const part = lokiPart(program, join(scratch(t), "loki"), { http: await unusedPort(), grpc: await unusedPort() });
  await startProgram(t, program, (await part.prepare()).args, `${part.address}/ready`);
  return part.address;
}

/** The run's own verdict does not matter here. */
async function ladyGaga(chat: string): Promise<void> {
  const out = temporaryFolder();
  const dials = ["--url", chat, "--duration", "12s", "--rate", "200", "--users", "200", "--out", out];
  await run(process.execPath, [join(ROOT, "bin/hotshard.js"), "run", "lady-gaga", "--driver", "node", ...dials])
    .catch(() => undefined)
    .finally(() => rmSync(out, { recursive: true, force: true }));
}

/** By k6, which writes what it saw to Prometheus. */
async function random(chat: string, prometheus: string): Promise<void> {
  const dials = [`URL=${chat}`, "USERS=100", "RATE=100", "DURATION=6s"].flatMap((dial) => ["-e", dial]);
  const scenario = join(ROOT, "loadtest/scenarios/random.ts");
  await run(k6!, ["run", "-q", "-o", "experimental-prometheus-rw", ...dials, scenario], {
    env: {
      ...process.env,
      K6_PROMETHEUS_RW_SERVER_URL: `${prometheus}/api/v1/write`,
      K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: "true",
      K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
    },
  }).catch(() => undefined);
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
  await ladyGaga(server.chat);
  for (const prometheus of all) {
    await random(server.chat, prometheus);
    await t.test(await versionOf(prometheus), () => asserted(prometheus, lokiUrl));
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
    rangeS: 8,
    rate: "5s",
    // Of other exporters; their queries are parsed here.
    absent: /\b(?:mysql_|node_|container_)/u,
  });
  assert.ok(checked.length > 80, `${checked.length} queries were found`);
  assert.equal(checked.filter(({ expr }) => expr.startsWith("{")).length, lokiUrl === undefined ? 0 : 2);
  const faults = checked.filter(({ fault }) => fault !== null);
  assert.equal(faults.length, 0, said(faults));

  const wrong = await runQueries({ prometheus, dashboards: join(ROOT, "test/dashboards/faulty"), rangeS: 8 });
  const seen = [/^no data$/u, /^the legend names shard/u, /^NaN at/u, /parse error/u];
  seen.forEach((fault, index) => assert.match(wrong[index]?.fault ?? "", fault));
}
