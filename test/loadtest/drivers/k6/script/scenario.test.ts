import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { createConnection } from "mysql2/promise";
import { startOwnServer } from "../../../../../loadtest/run/own-server.ts";
import { createServerClient } from "../../../../../loadtest/run/server-client.ts";
import { DEVELOPMENT_SECRET } from "../../../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../../../support/k6.ts";
import { MARIADB_REMEDY, startMariadbs } from "../../../../support/mariadb.ts";
import { need } from "../../../../support/need.ts";
import { runK6 } from "./run-k6.ts";

const COUNT = "SELECT COUNT(*) AS count FROM message";
const DIALS = { USERS: "60", RATE: "300", DURATION: "2s", WARMUP: "500ms", SEED: "3" };

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-k6-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The `acked` column of the printed table, by shard label. */
function ackedByShard(table: string): Record<string, number> {
  const rows = [...table.matchAll(/^ +(\d\d) +(\d+) +[\d.]+ %/gmu)];
  return Object.fromEntries(rows.map(([, label, acked]) => [label, Number(acked)]));
}

function rowsOf(file: string): number {
  const db = new DatabaseSync(file);
  try {
    return Number(db.prepare(COUNT).get()?.["count"]);
  } finally {
    db.close();
  }
}

for (const [scenario, shards] of [
  ["lady-gaga", 4],
  ["random", 7],
] as const) {
  test(`${scenario} on ${shards} SQLite shards: what is acknowledged is stored`, { skip: skipWithoutK6 }, async (t) => {
    const data = await scratch(t);
    const server = await startOwnServer(["--shards", String(shards), "--data", data]);
    t.after(() => server.stop());
    const dials = scenario === "lady-gaga" ? { ...DIALS, HOT_SHARE: "0.4" } : DIALS;
    const { code, stdout, stderr } = await runK6(`loadtest/scenarios/${scenario}.ts`, { ...dials, URL: server.url });
    assert.equal(code, 0, stdout + stderr);
    const run = /^run ([a-z0-9]{10}); audit sums: (.*)$/mu.exec(stdout);
    const audit = await createServerClient(server.url, DEVELOPMENT_SECRET).audit(run?.[1] ?? "");
    assert.equal(
      run?.[2],
      audit.shards.map(({ shard, sum }) => `${shard} ${sum}`).join(", "),
      "the same set of messages",
    );
    await server.stop();
    assert.match(stdout, /delivery p50 +p95 +p99 +service p95 +p99 +commit p95 +p99/u);
    assert.match(stdout, /verdict: VALID/u);
    const acked = ackedByShard(stdout);
    const labels = Array.from({ length: shards }, (_, index) => String(index).padStart(2, "0"));
    const stored = labels.map((label) => [label, rowsOf(join(data, `shard-${label}.db`))]);
    assert.deepEqual(acked, Object.fromEntries(stored));
    const counts = Object.values(acked);
    const total = counts.reduce((sum, count) => sum + count, 0);
    assert.ok(total > 500, stdout);
    // One dialog with 40 %: 0.4 + 0.6 / 4 of all messages, as 24 users' worth of dialogs spread the rest unevenly.
    if (scenario === "lady-gaga") assert.ok(Math.max(...counts) / total > 0.45, stdout);
  });
}

const mariadbs = skipWithoutK6 === false ? await startMariadbs(4) : null;
const skipMariadb = skipWithoutK6 || need("mariadbd", mariadbs, MARIADB_REMEDY);

test("four MariaDB servers hold what k6 saw acknowledged", { skip: skipMariadb }, async (t) => {
  assert.ok(mariadbs !== null);
  t.after(() => Promise.all(mariadbs.map((one) => one.stop())));
  const urls = mariadbs.map((one) => one.url("k6_scenario"));
  const server = await startOwnServer(["--shards", urls.join(",")]);
  t.after(() => server.stop());
  const dials = { ...DIALS, URL: server.url, MODE: "inbox" };
  const { code, stdout, stderr } = await runK6("loadtest/scenarios/lady-gaga.ts", dials);
  assert.equal(code, 0, stdout + stderr);
  const stored: [string, number][] = [];
  for (const [index, url] of urls.entries()) {
    const connection = await createConnection(url);
    const [rows] = await connection.query(COUNT);
    await connection.end();
    stored.push([String(index).padStart(2, "0"), (rows as { count: number }[])[0]?.count ?? -1]);
  }
  assert.deepEqual(ackedByShard(stdout), Object.fromEntries(stored));
});
