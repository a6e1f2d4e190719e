import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, describe, test } from "node:test";
import { createConnection } from "mysql2/promise";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { createMysqlStore } from "../../../server/shards/mysql.ts";
import { parseShardUrl } from "../../../server/shards/url.ts";
import type { MysqlSpec } from "../../../server/shards/url.ts";
import { createWriter } from "../../../server/shards/writer.ts";
import type { Committed, Failed } from "../../../server/shards/row-queue.ts";
import type { Writer } from "../../../server/shards/writer.ts";
import { MARIADB_REMEDY, startMariadb } from "../../support/mariadb.ts";
import { need } from "../../support/need.ts";
import { admitted, FENCE, insertInto, pageOf, row } from "./rows.ts";

const mariadb = await startMariadb();
const skip = need("mariadbd", mariadb, MARIADB_REMEDY);
const notOurs = mariadb?.pid() === null && "needs a server of its own to kill; unset HOTSHARD_TEST_MYSQL";

after(() => mariadb?.stop());

function spec(database: string): MysqlSpec {
  return parseShardUrl(mariadb!.url(database)) as MysqlSpec;
}

function connect({ host, port, user, password }: MysqlSpec, database?: string): Promise<Connection> {
  return createConnection({ host, port, user, password, ...(database !== undefined && { database }) });
}

/** Sends one row; what is refused at once is told a turn later, so that a loop of tries leaves time for the rest. */
function sendTo(writer: Writer, id: string): Promise<Committed | Failed> {
  return new Promise((resolve) => {
    const refused = writer.enqueue(row({ id }), 10, { settle: resolve });
    if (refused !== null) setImmediate(resolve, refused);
  });
}

/** Sends one row again and again. */
async function untilStored(writer: Writer, id: string): Promise<Committed> {
  for (;;) {
    const outcome = await sendTo(writer, id);
    if ("id" in outcome) return outcome;
  }
}

describe("mysql", { skip }, () => {
  test("servers that start at once on a server without the database all get it, and see each other's messages", async () => {
    const stores = Array.from({ length: 6 }, () => createMysqlStore(spec("fresh")));
    await Promise.all(stores.map((store) => store.open(admitted)));
    await Promise.all(
      stores.map((store, index) => insertInto(store, [row({ id: String(index + 1), client: "same" })])),
    );
    assert.equal((await pageOf(stores[0]!, "1_2", null, 50)).length, 1);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a server of this machine is reached by its Unix socket, and a socket that is not there is a lost shard", async () => {
    const admin = await connect(spec("mysql"));
    const [rows] = await admin.query<RowDataPacket[]>("SELECT @@datadir AS folder, @@socket AS socket");
    // Who comes by the socket is at localhost, which is another account than that of TCP.
    await admin.query("CREATE USER 'near'@'localhost' IDENTIFIED BY 'secret'");
    await admin.query("GRANT ALL ON local.* TO 'near'@'localhost'");
    await admin.end();
    const socket = resolve(String(rows[0]!["folder"]), String(rows[0]!["socket"]));
    // Nobody listens at the port: TCP is not used.
    const near = "mysql://near:secret@127.0.0.1:9/local?socket=";
    const store = createMysqlStore(parseShardUrl(near + socket) as MysqlSpec);
    await store.open(admitted);
    await insertInto(store, [row({ id: "1" })]);
    assert.equal((await pageOf(store, "1_2", null, 5)).length, 1);
    await store.close();
    const gone = createMysqlStore(parseShardUrl(`${near}${socket}.gone`) as MysqlSpec);
    await assert.rejects(gone.open(admitted), /^StoreError: mysql:\/\/127\.0\.0\.1\/local\?socket=.*ENOENT/);
    await gone.close();
  });

  test("servers that write the same messages at once, in opposite orders, agree on who was first", async () => {
    const stores = Array.from({ length: 3 }, () => createMysqlStore(spec("shared")));
    await Promise.all(stores.map((store) => store.open(admitted)));
    const rows = 20;
    let id = 0;
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        stores.map(async (store, index) => {
          const batch = Array.from({ length: rows }, (_, at) => {
            const dialog = `${index === 0 ? at : rows - 1 - at}_99`;
            return row({ id: String(++id), dialog, client: `${round}` });
          });
          const ids = await insertInto(store, batch);
          return index === 0 ? ids : ids.toReversed();
        }),
      );
      assert.deepEqual(answers[1], answers[0]);
      assert.deepEqual(answers[2], answers[0]);
    }
    assert.equal((await pageOf(stores[0]!, "0_99", null, 1_000)).length, 20);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a wrong password and an unknown host are StoreErrors that show no password", async () => {
    for (const [wrong, code] of [
      [{ ...spec("secret"), password: "hunter2" }, /ER_ACCESS_DENIED_ERROR/],
      [{ ...spec("secret"), password: "hunter2", host: "127.0.0.1", port: 1 }, /ECONNREFUSED/],
      [{ ...spec("secret"), password: "hunter2", host: "no-such-host.invalid" }, /ENOTFOUND|EAI_AGAIN/],
    ] as [MysqlSpec, RegExp][]) {
      const store = createMysqlStore(wrong);
      await assert.rejects(store.open(admitted), (error: Error) => {
        assert.equal(error.name, "StoreError");
        assert.match(error.message, code);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
      await assert.rejects(insertInto(store, [row({ id: "1" })]), { name: "StoreError", maybeStored: false });
      await store.close();
    }
  });

  test("a table of the same name with other columns is a configuration error", async () => {
    const other = spec("other");
    const connection = await connect(other);
    await connection.query(`CREATE DATABASE ${other.database}`);
    await connection.query(`CREATE TABLE ${other.database}.message (id INT, body TEXT)`);
    await connection.end();
    const store = createMysqlStore(other);
    await assert.rejects(store.open(admitted), {
      name: "ConfigError",
      code: "BAD_DATABASE",
      message: /name another database/,
    });
    await store.close();
  });

  test("a text that is too long is refused and never cut short", async () => {
    const store = createMysqlStore(spec("strict"));
    await store.open(admitted);
    const inserted = await store.insert([row({ id: "1" }), row({ id: "2", text: "x".repeat(4_097) })], FENCE);
    assert.deepEqual(inserted.others, new Map([[1, "refused"]]));
    assert.match(inserted.reason ?? "", /ER_DATA_TOO_LONG/);
    assert.equal((await pageOf(store, "1_2", null, 9)).length, 1);
    await store.close();
  });

  test("an error that quotes values is told without them: they are texts of messages", async () => {
    const own = spec("quoting");
    const store = createMysqlStore(own);
    await store.open(admitted);
    const connection = await connect(own, own.database);
    await connection.query("ALTER TABLE message MODIFY text VARCHAR(4096) CHARACTER SET latin1 NOT NULL");
    await connection.end();
    const { reason } = await store.insert([row({ id: "1", text: "\u{1F600}planted" })], FENCE);
    assert.match(reason ?? "", /quoting: ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: Incorrect string value: '…'/u);
    assert.doesNotMatch(reason ?? "", /planted|x9F/iu);
    await store.close();
  });

  test("a server that keeps no prepared statement is asked by text", { skip: notOurs }, async () => {
    const own = spec("unprepared");
    const admin = await connect(own);
    const store = createMysqlStore(own);
    await admin.query("SET GLOBAL max_prepared_stmt_count = 0");
    try {
      await store.open(admitted);
      const odd = row({ id: "9007199254740993", author: 2 ** 53 - 1, client: "'\\\"\0%_?😀", text: "?'\\ \0 :a" });
      assert.deepEqual(await insertInto(store, [odd, row({ id: "5" })]), [odd.id, "5"]);
      assert.deepEqual(await insertInto(store, [row({ ...odd, id: "6" }), row({ id: "7" })]), [odd.id, "7"]);
      assert.deepEqual(await insertInto(store, [row({ id: "5", client: "thief" }), row({ id: "8" })]), [
        "refused",
        "8",
      ]);
      assert.deepEqual(
        (await pageOf(store, "1_2", null, 3)).map(({ id }) => id),
        ["7", "8", odd.id],
      );
      assert.deepEqual(
        (await pageOf(store, "1_2", "7", 1)).map(({ id }) => id),
        ["5"],
      );
      assert.deepEqual((await pageOf(store, "1_2", null, 1))[0], odd);
      assert.equal(await store.find("1_2", odd.author, odd.client), odd.id);
      assert.equal((await store.audit("r")).rows, 3);
      assert.equal((await store.auditDialogs("r", [{ from: "0", bucketMs: 0 }]))[0]?.count, 3);
    } finally {
      await admin.query("SET GLOBAL max_prepared_stmt_count = 16382");
      await admin.end();
      await store.close();
    }
  });

  test("a table is counted once, however often its size is asked", { skip: notOurs }, async () => {
    const own = spec("counted");
    const store = createMysqlStore(own);
    await store.open(admitted);
    const admin = await connect(own);
    const scans = async (): Promise<number> => {
      const [[one]] = await admin.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Com_select'");
      return Number(one!["Value"]);
    };
    await store.size();
    const before = await scans();
    for (let id = 1; id <= 20; id++) {
      await insertInto(store, [row({ id: String(id) }), row({ id: String(100 + id), client: `r-${id}` })]);
      assert.equal((await store.size()).rows, id);
    }
    // One of information_schema at each look, one for each duplicate, and none of the table.
    assert.equal((await scans()) - before, 40);
    await admin.end();
    await store.close();
  });

  test("a connection that the server ends while idle is replaced without an error", async () => {
    const own = spec("idle");
    const store = createMysqlStore(own);
    await store.open(admitted);
    const admin = await connect(own);
    const mine = "SELECT id FROM information_schema.processlist WHERE db = ?";
    const connections = async (): Promise<number[]> => {
      const [rows] = await admin.query<RowDataPacket[]>(mine, [own.database]);
      return rows.map((one) => Number(one["id"]));
    };
    const [before] = await connections();
    await admin.query(`KILL ${before}`);
    while ((await connections()).length > 0);
    // One turn more, for the end to arrive here.
    await store.ping().catch(() => undefined);
    assert.deepEqual(await insertInto(store, [row({ id: "1" })]), ["1"]);
    assert.equal((await connections()).includes(before!), false);
    await admin.end();
    await store.close();
  });

  test("it says when the database promises less", { skip: notOurs }, async () => {
    const store = createMysqlStore(spec("durability"));
    const admin = await connect(spec("durability"));
    await admin.query("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    const { crashSafe, settings } = await store.open(admitted);
    await admin.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    assert.equal(crashSafe, false);
    assert.match(settings, /innodb_flush_log_at_trx_commit=2/);
    await admin.end();
    await store.close();
  });

  test(
    "a server that stops answering is given up, and nothing starts behind the hung commit",
    { skip: notOurs },
    async () => {
      const writer = createWriter({
        label: "00",
        store: createMysqlStore(spec("hung")),
        limits: { queueRows: 1_000, queueBytes: 1_000_000, maxRows: 100 },
        fence: () => FENCE,
        onConnect: admitted,
        commitTimeoutMs: 300,
      });
      await writer.start();
      // A disk may take longer than the writer waits here.
      await untilStored(writer, "1");
      await freeze(mariadb!.pid()!);
      let hung: Committed | Failed;
      try {
        hung = await sendTo(writer, "2");
      } finally {
        process.kill(mariadb!.pid()!, "SIGCONT");
      }
      assert.ok("error" in hung);
      assert.deepEqual([hung.error, hung.detail], ["SHARD_UNAVAILABLE", "the commit failed"]);
      assert.equal((await untilStored(writer, "2")).id, "2");
      await writer.close();
    },
  );

  test(
    "kill -9 of the database in the middle of a run: nothing acknowledged is lost, and it comes back",
    { skip: notOurs },
    async () => {
      const store = createMysqlStore(spec("crash"));
      const writer = createWriter({
        label: "00",
        store,
        limits: { queueRows: 1_000, queueBytes: 1_000_000, maxRows: 100 },
        fence: () => FENCE,
        onConnect: admitted,
      });
      await writer.start();
      const acknowledged = new Set<string>();
      const failed = new Set<string>();
      let next = 0;
      const run = new AbortController();
      // Every sender repeats what failed, with the same client id, until it is acknowledged.
      const sender = async (): Promise<void> => {
        while (!run.signal.aborted) {
          const id = String(++next);
          for (;;) {
            const outcome = await sendTo(writer, id);
            if ("id" in outcome) break;
            assert.equal(outcome.error, "SHARD_UNAVAILABLE");
            failed.add(id);
          }
          acknowledged.add(id);
        }
      };
      const senders = Array.from({ length: 20 }, sender);
      while (acknowledged.size < 300) await new Promise((resolve) => setImmediate(resolve));
      await mariadb!.kill();
      while (writer.state() === "up") await new Promise((resolve) => setImmediate(resolve));
      await mariadb!.restart();
      const until = acknowledged.size + 300;
      while (acknowledged.size < until) await new Promise((resolve) => setImmediate(resolve));
      run.abort();
      await Promise.all(senders);
      assert.ok(failed.size > 0, "the crash hit something");
      const stored = await pageOf(store, "1_2", null, 1_000_000);
      assert.deepEqual(new Set(stored.map(({ id }) => id)), acknowledged);
      assert.equal(stored.length, acknowledged.size);
      await writer.close();
    },
  );
});

/** Stops a process and waits until each of its threads stands still: the signal alone lets some finish their work. */
async function freeze(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const threads = `/proc/${pid}/task`;
  while (readdirSync(threads).some((thread) => !/\) T /u.test(readFileSync(`${threads}/${thread}/stat`, "utf8")))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
