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
import { findProgram, PROMETHEUS } from "../../loadtest/programs.ts";
import { need } from "../support/need.ts";
import { startServer, temporaryFolder, unusedPort } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
const program = await findProgram(PROMETHEUS);
const k6 = await findK6();
const skip = need("prometheus", program, "apt-get install prometheus") || need("k6", k6, "hotshard k6 install");
const run = promisify(execFile);

/** A Prometheus with the repository's rules that scrapes one server every second. @returns its address */
async function startPrometheus(t: TestContext, target: string): Promise<string> {
  const folder = temporaryFolder();
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
  const child = spawn(program!, args, { stdio: "ignore" });
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://${address}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error("prometheus did not start");
    const ready = await fetch(`${url}/-/ready`).catch(() => null);
    if (ready?.ok === true) return url;
    await delay(50);
  }
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
  const server = await startServer();
  t.after(() => server.stop());
  const prometheus = await startPrometheus(t, new URL(server.url).host);
  await ladyGaga(server.chat);
  await random(server.chat, prometheus);
  const checked = await runQueries({
    prometheus,
    dashboards: join(ROOT, "dashboards/json"),
    rangeS: 8,
    rate: "5s",
    // Of other exporters; their queries are parsed here.
    absent: /\b(?:mysql_|node_|container_)/u,
  });
  assert.ok(checked.length > 80, `${checked.length} queries were found`);
  const faults = checked.filter(({ fault }) => fault !== null);
  assert.equal(faults.length, 0, said(faults));

  const wrong = await runQueries({ prometheus, dashboards: join(ROOT, "test/dashboards/faulty"), rangeS: 8 });
  const seen = [/^no data$/u, /^the legend names shard/u, /^NaN at/u, /parse error/u];
  seen.forEach((fault, index) => assert.match(wrong[index]?.fault ?? "", fault));
});
