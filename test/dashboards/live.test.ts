import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { runQueries, type Checked } from "../../dashboards/run-queries.ts";
import { findProgram, PROMETHEUS } from "../../loadtest/programs.ts";
import { need } from "../support/need.ts";
import { startServer, temporaryFolder, unusedPort } from "../support/server.ts";

const ROOT = join(import.meta.dirname, "../..");
const program = await findProgram(PROMETHEUS);
const skip = need("prometheus", program, "apt-get install prometheus");

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

async function load(scenario: string, chat: string, duration: string): Promise<void> {
  const out = temporaryFolder();
  const args = ["run", scenario, "--driver", "node", "--url", chat, "--duration", duration, "--rate", "200"];
  // What the run's own verdict is does not matter here.
  await promisify(execFile)(process.execPath, [join(ROOT, "bin/hotshard.js"), ...args, "--users", "200", "--out", out])
    .catch(() => undefined)
    .finally(() => rmSync(out, { recursive: true, force: true }));
}

function said(checked: readonly Checked[]): string {
  return checked.map(({ where, expr, fault }) => `${where}: ${fault}\n    ${expr}`).join("\n");
}

test("every panel and every rule gives finite data with its labels, on a live server", { skip }, async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const prometheus = await startPrometheus(t, new URL(server.url).host);
  await load("lady-gaga", server.chat, "14s");
  await load("random", server.chat, "6s");
  const checked = await runQueries({
    prometheus,
    dashboards: join(ROOT, "dashboards/json"),
    rangeS: 8,
    rate: "5s",
    // Of other exporters; their queries are parsed here.
    absent: /\b(?:k6_|mysql_|node_|container_)/u,
  });
  assert.ok(checked.length > 80, `${checked.length} queries were found`);
  const faults = checked.filter(({ fault }) => fault !== null);
  assert.equal(faults.length, 0, said(faults));

  const wrong = await runQueries({ prometheus, dashboards: join(ROOT, "test/dashboards/faulty"), rangeS: 8 });
  const seen = [/^no data$/u, /^the legend names shard/u, /^NaN at/u, /parse error/u];
  seen.forEach((fault, index) => assert.match(wrong[index]?.fault ?? "", fault));
});
