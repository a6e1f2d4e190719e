import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createConnection, type Connection } from "mysql2/promise";
import { parseDatabaseUrl, type DatabaseQuestion } from "../../../loadtest/keys/database-question.ts";
import { readDatabase } from "../../../loadtest/keys/database-rows.ts";
import { textOf } from "../../../loadtest/keys/row-batch.ts";
import type { WhatIf } from "../../../loadtest/report/what-if-document.ts";
import { createRandom } from "../../../loadtest/traffic/random.ts";
import { composeId } from "../../../server/placement/message-id.ts";
import { MARIADB_REMEDY, startMariadb, type Mariadb } from "../../support/mariadb.ts";
import { need } from "../../support/need.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const START = Date.UTC(2026, 10, 22, 10);
const MINUTES = 120;
const PER_MINUTE = 500;
const LATE = ["2026-11-22 10:00:00", null, "2026-11-22 10:01:00", "2026-11-22 10:03:00"];

const mariadb: Mariadb | null = await startMariadb();
const skip = need("mariadbd", mariadb, MARIADB_REMEDY);
const folder = mkdtempSync(join(tmpdir(), "hotshard-ask-"));
let connection: Connection;
let url: string;

/** Keys by Zipf's law over 5,000; in minute 90 one key has everything. */
function writeRows(): (string | number)[][] {
  const random = createRandom(5, 0);
  return Array.from({ length: MINUTES * PER_MINUTE }, (_, i) => {
    const minute = Math.floor(i / PER_MINUTE);
    const ms = START + minute * 60_000 + (i % PER_MINUTE) * 100;
    const key = minute === 90 ? "star ★" : `key ${Math.floor(5_000 ** random.uniform())}`;
    return [key, new Date(ms).toISOString().slice(0, 23).replace("T", " "), ms, String(composeId(ms, 0, 0))];
  });
}

if (skip === false) {
  before(async () => {
    url = mariadb!.url("whatif");
    const { hostname, port, username, password } = new URL(url);
    connection = await createConnection({
      host: hostname,
      port: Number(port),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    });
    const database = new URL(url).pathname.slice(1);
    await connection.query(`CREATE DATABASE ${database}`);
    await connection.query(`USE ${database}`);
    await connection.query(
      "CREATE TABLE message (place VARCHAR(40) NOT NULL, at DATETIME(3), ms BIGINT, id BIGINT, slow INT DEFAULT 0, KEY (at), KEY (ms), KEY (id)) CHARACTER SET utf8mb4",
    );
    const rows = writeRows();
    for (let from = 0; from < rows.length; from += 5_000) {
      await connection.query("INSERT INTO message (place, at, ms, id) VALUES ?", [rows.slice(from, from + 5_000)]);
    }
    // One minute in a hundred that is unlike all others is what no sample promises to see.
    await connection.query("CREATE TABLE plain (KEY (at)) AS SELECT * FROM message WHERE place <> 'star ★'");
    await connection.query(
      "CREATE TABLE odd (c VARCHAR(20) COLLATE utf8mb4_bin, k INT, m INT, n INT, at DATETIME, late DATETIME, word VARCHAR(30), exact DOUBLE, KEY (at))",
    );
    await connection.query("INSERT INTO odd VALUES ?", [
      ["room", "ROOM", "room ", "room"].map((key, i) => [
        key,
        7,
        7,
        i,
        "2026-11-22 10:00:00",
        LATE[i],
        "2026-11-22",
        1.7e18,
      ]),
    ]);
    await connection.query("ANALYZE TABLE message");
  });
  after(async () => {
    await connection.end();
    await mariadb!.stop();
  });
}
after(() => rmSync(folder, { recursive: true }));

function ask(...options: string[]): { code: number | null; stderr: string; stdout: string } {
  const args = [
    HOTSHARD,
    "whatif",
    url,
    "--table",
    "message",
    "--out",
    join(folder, "out.html"),
    "--today",
    "slots:4",
    "--shards",
    "4,16",
    // A busy machine's database takes its time.
    "--seconds",
    "600",
    ...options,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

function answer(...options: string[]): WhatIf {
  const { code, stdout, stderr } = ask("--json", "--key", "place", ...options);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout + stderr, /te:st|te%3Ast/u);
  return JSON.parse(stdout) as WhatIf;
}

const now = ({ rows }: WhatIf, placement = "slots", shards = 4) =>
  rows.find((row) => row.placement === placement && row.shards === shards)!;

test(
  "every row is counted when there are few; dates, numbers and message ids find the same worst minute",
  { skip },
  () => {
    const all = answer();
    assert.equal(all.input.messages, MINUTES * PER_MINUTE);
    assert.equal(now(all).worstMinute, null);
    for (const time of ["at", "ms", "id"]) {
      const timed = answer("--time", time);
      assert.equal(timed.input.sample, null);
      assert.equal(timed.input.messages, MINUTES * PER_MINUTE, time);
      const { chance, ...worst } = now(timed).worstMinute!;
      assert.deepEqual(worst, { at: "2026-11-22T11:30:00.000Z", maxOverMean: 4, messages: PER_MINUTE }, time);
      assert.ok(chance < 2);
      assert.equal(now(timed).maxOverMean, now(all).maxOverMean);
      assert.deepEqual(timed.topDialogs, all.topDialogs);
    }
  },
);

test("a sample of minutes says how wide it may miss, and the truth lies there", { skip }, () => {
  const truth = answer("--table", "plain");
  const sampled = answer("--table", "plain", "--time", "at", "--rows", "20000");
  assert.deepEqual(sampled.input.sample, { minutes: 40, ofMinutes: MINUTES });
  assert.equal(sampled.input.messages, 20_000);
  let inside = 0;
  for (const row of sampled.rows) {
    const { low, high } = row.interval;
    const real = now(truth, row.placement, row.shards).maxOverMean;
    assert.ok(low < high && low <= row.maxOverMean && row.maxOverMean <= high);
    if (low <= real && real <= high) inside += 1;
  }
  assert.ok(inside >= 0.85 * sampled.rows.length, `${inside} of ${sampled.rows.length} intervals hold the truth`);
});

test(
  "without an index on the time, or without a time, a large table is refused, and read when allowed",
  { skip },
  () => {
    const cases: [string[], RegExp][] = [
      [
        ["--key", "place", "--rows", "100"],
        /^hotshard: TOO_MANY_ROWS: .*about \d+ rows, more than --rows 100: name the column/u,
      ],
      [["--key", "place", "--time", "slow", "--rows", "100"], /^hotshard: NO_INDEX: .*no index begins with slow/u],
      [["--key", "nothing"], /^hotshard: DATABASE_REFUSED: .*message has no column nothing: it has place, at/u],
      [["--key", "place", "--table", "gone"], /^hotshard: DATABASE_REFUSED: .*there is no table gone/u],
    ];
    for (const [options, line] of cases) {
      const { code, stderr } = ask(...options);
      assert.equal(code, 2, stderr);
      assert.match(stderr, line);
      assert.equal(stderr.trim().split("\n").length, 1);
    }
  },
);

/** Rows by key, asked within this process. */
async function counts(changes: Partial<DatabaseQuestion>): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const question = { ...parseDatabaseUrl(url, {}), table: "odd", key: "c", time: null, rows: 1_000, seconds: 120 };
  for await (const batch of readDatabase({ ...question, ...changes }).rows) {
    batch.keys.forEach((key, i) => (found[textOf(key)] = (found[textOf(key)] ?? 0) + batch.counts[i]!));
  }
  return found;
}

test("keys are told apart by their bytes, whatever the table calls its other columns", { skip }, async () => {
  const expected = { room: 2, ROOM: 1, "room ": 1 };
  assert.deepEqual(await counts({}), expected);
  assert.deepEqual(await counts({ time: "at" }), expected);
});

test(
  "a column that is no time is refused before it is read, and so is a large table without an index",
  { skip },
  async () => {
    await connection.query("LOCK TABLES odd WRITE, message WRITE");
    try {
      for (const time of ["word", "exact"]) {
        await assert.rejects(counts({ time }), {
          code: "DATABASE_REFUSED",
          message: /word is varchar|exact is double/u,
        });
      }
      await assert.rejects(counts({ table: "message", key: "place", time: "slow", rows: 100 }), {
        code: "NO_INDEX",
      });
    } finally {
      await connection.query("UNLOCK TABLES");
    }
  },
);

test("rows without a time are in no minute and in no count", { skip }, async () => {
  assert.deepEqual(await counts({ time: "late", key: "n" }), { 0: 1, 2: 1, 3: 1 });
});

test("a database that hangs up in the middle is told in a line", { skip }, async () => {
  const { hostname, port } = new URL(url);
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    client.on("data", (bytes) => (bytes.includes("information_schema") ? client.end() : server.write(bytes)));
    server.pipe(client).once("close", () => server.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  try {
    const lost = counts({ host: "127.0.0.1", port: (proxy.address() as AddressInfo).port });
    await assert.rejects(lost, { code: "DATABASE_REFUSED", message: /odd: Connection lost/u });
  } finally {
    proxy.close();
  }
});

test("asking changes nothing, and a statement that would is refused by the database", { skip }, async () => {
  await connection.query("SET GLOBAL log_output = 'TABLE'");
  await connection.query("TRUNCATE mysql.general_log");
  await connection.query("SET GLOBAL general_log = ON");
  answer("--time", "at", "--rows", "3000");
  await connection.query("SET GLOBAL general_log = OFF");
  const [log] = await connection.query(
    "SELECT CONVERT(argument USING utf8mb4) AS said FROM mysql.general_log WHERE command_type = 'Query' AND thread_id <> CONNECTION_ID()",
  );
  const said = (log as { said: string }[]).map(({ said: one }) => one);
  const readOnly = said.findIndex((one) => /TRANSACTION READ ONLY/u.test(one));
  const reads = said.filter((one) => /FROM/u.test(one));
  assert.ok(readOnly >= 0 && reads.length > 5, said.join("\n"));
  assert.ok(reads.every((one) => said.indexOf(one) > readOnly));
  assert.ok(
    reads.every(
      (one) => /^SET STATEMENT max_statement_time=[\d.]+ FOR SELECT/u.test(one) || one.startsWith("SELECT VERSION"),
    ),
    reads.join("\n"),
  );
  const span = reads.find((one) => /MIN\(/u.test(one))!;
  const [plan] = await connection.query(span.replace(/^.*? FOR /u, "EXPLAIN "));
  assert.match(JSON.stringify(plan), /Select tables optimized away/u, "the first and last time come from the index");
});

test("a database that is too slow is stopped, and says so", { skip }, async () => {
  await connection.query("LOCK TABLES message WRITE");
  const { code, stderr } = ask("--key", "place", "--seconds", "1");
  await connection.query("UNLOCK TABLES");
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^hotshard: DATABASE_TOO_SLOW: .*within 1 s: allow more with --seconds/u);
});
