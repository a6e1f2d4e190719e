import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import type { OnConnect, ShardMark, ShardStore } from "../../../server/shards/contract.ts";
import { createMysqlStore } from "../../../server/shards/mysql.ts";
import { parseShardUrl, type MysqlSpec } from "../../../server/shards/url.ts";
import { MARIADB_REMEDY, startMariadb } from "../../support/mariadb.ts";
import { need } from "../../support/need.ts";
import { admitted, FENCE, insertInto, pageOf, row } from "./rows.ts";

const mariadb = await startMariadb();
const noMariadb = need("mariadbd", mariadb, MARIADB_REMEDY);
const skip =
  noMariadb === false && mariadb?.pid() === null
    ? "needs a server of its own to set up; unset HOTSHARD_TEST_MYSQL"
    : noMariadb;

after(() => mariadb?.stop());

function spec(place: string): MysqlSpec {
  return parseShardUrl(mariadb!.url(place)) as MysqlSpec;
}

/** Another session on the database of a store that is open. */
async function other(place: string): Promise<Connection> {
  const { host, port, user, password, database } = spec(place);
  return createConnection({ host, port, user, password, database });
}

/** Resolves when so many statements wait for a row, and rejects when `last`, which is to be one of them, does not. */
async function waiting(admin: Connection, statements: number, last: Promise<unknown>): Promise<void> {
  let hasEnded = false;
  const end = (): void => void (hasEnded = true);
  last.then(end, end);
  for (;;) {
    assert.equal(hasEnded, false, "it did not wait");
    // Not information_schema.innodb_trx: who asks there all the time is always told the same.
    const [[found]] = await admin.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'");
    if (Number(found!["Value"]) === statements) return;
  }
}

describe("mysql fence", { skip }, () => {
  for (const level of ["REPEATABLE READ", "READ COMMITTED", "READ UNCOMMITTED", "SERIALIZABLE"]) {
    const place = level.toLowerCase().replace(" ", "_");

    test(`${level}: a seal waits for a batch that has begun, and the batch is stored`, async () => {
      const setup = await other("mysql");
      await setup.query(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${level}`);
      const store = createMysqlStore(spec(place));
      await store.open(admitted);
      // Its connection is judged before, and does not wait there.
      await store.fences();
      const [holder, admin] = [await other(place), await other(place)];
      // The batch has its fence, and stands still at a row that somebody else has not committed.
      await holder.query("START TRANSACTION");
      await holder.query("INSERT INTO message VALUES ('1_2', 50, 1, 2, 'held', '')");
      const batch = insertInto(store, [row({ id: "40" }), row({ id: "50" })]);
      await waiting(admin, 1, batch);
      const sealed = store.seal(2, 0n);
      await waiting(admin, 2, sealed);
      await holder.query("ROLLBACK");
      assert.deepEqual(await batch, ["40", "50"]);
      await sealed;
      assert.deepEqual(await insertInto(store, [row({ id: "60" })]), ["fenced"]);
      await setup.query("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await Promise.all([setup.end(), holder.end(), admin.end(), store.close()]);
    });

    test(`${level}: a batch waits for a seal that has begun, and is fenced`, async () => {
      const setup = await other("mysql");
      await setup.query(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${level}`);
      const store = createMysqlStore(spec(`${place}_2`));
      await store.open(admitted);
      const [sealer, admin] = [await other(`${place}_2`), await other(`${place}_2`)];
      assert.deepEqual(await insertInto(store, [row({ id: "40" })]), ["40"]);
      await sealer.query("START TRANSACTION");
      await sealer.query("UPDATE hotshard_fence SET closed_below = 100");
      const batch = insertInto(store, [row({ id: "50" }), row({ id: "51" })]);
      await waiting(admin, 1, batch);
      await sealer.query("COMMIT");
      assert.deepEqual(await batch, ["fenced", "fenced"]);
      assert.deepEqual(await pageOf(store, "1_2", null, 5), [row({ id: "40" })]);
      await setup.query("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await Promise.all([setup.end(), sealer.end(), admin.end(), store.close()]);
    });
  }

  for (const level of ["REPEATABLE READ", "READ COMMITTED", "READ UNCOMMITTED", "SERIALIZABLE"]) {
    const place = `moves_${level.toLowerCase().replace(" ", "_")}`;
    const KEY = { dialog: "1_2", id: "40" };

    test(`${level}: a later mover waits for what is moved, and nothing is moved while it takes over`, async () => {
      const setup = await other("mysql");
      await setup.query(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${level}`);
      const stores = [createMysqlStore(spec(place)), createMysqlStore(spec(place))];
      for (const store of stores) await store.open(admitted);
      const [store, later] = stores as [ShardStore, ShardStore];
      await insertInto(store, [row(KEY)]);
      await store.take(1);
      await later.take(1);
      const [holder, admin] = [await other(place), await other(place)];
      for (const [token, move] of [
        [1, () => store.copy([row({ id: "45" }), row({ id: "50" })], 1)],
        [
          2,
          () =>
            store.remove(
              [
                { dialog: "1_2", id: "45" },
                { dialog: "1_2", id: "50" },
              ],
              2,
            ),
        ],
      ] as const) {
        // The move has its token, and stands still at a row that somebody else has not committed.
        await holder.query("START TRANSACTION");
        await holder.query(
          token === 1
            ? "INSERT INTO message VALUES ('1_2', 50, 1, 2, 'held', '')"
            : "SELECT * FROM message WHERE dialog = '1_2' AND id = 50 FOR UPDATE",
        );
        const moved = move();
        await waiting(admin, 1, moved);
        const taken = later.take(token + 1);
        await waiting(admin, 2, taken);
        await holder.query("ROLLBACK");
        assert.deepEqual(await moved, token === 1 ? { outcome: "stored", rows: 2 } : 2);
        assert.equal(await taken, token + 1);
      }
      for (const [token, move, fenced] of [
        [4, () => store.copy([row({ id: "60" })], 3), { outcome: "fenced" }],
        [5, () => store.remove([KEY], 4), "fenced"],
      ] as const) {
        await holder.query("START TRANSACTION");
        await holder.query("UPDATE hotshard_shard SET mover = ?", [token]);
        const moved = move();
        await waiting(admin, 1, moved);
        await holder.query("COMMIT");
        assert.deepEqual(await moved, fenced);
      }
      assert.deepEqual(await pageOf(store, "1_2", null, 5), [row(KEY)]);
      await setup.query("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await Promise.all([setup, holder, admin].map((one) => one.end()));
      await Promise.all(stores.map((one) => one.close()));
    });
  }

  test("nodes do not wait for each other's batches", async () => {
    const stores = [createMysqlStore(spec("nodes")), createMysqlStore(spec("nodes"))];
    const fences = [FENCE, { ...FENCE, node: 2 }];
    for (const [at, store] of stores.entries()) {
      await store.open(async (session) => {
        await session.seal(1, 0n);
        await session.admit(fences[at]!, 0n);
      });
    }
    const [holder, admin] = [await other("nodes"), await other("nodes")];
    await holder.query("START TRANSACTION");
    await holder.query("INSERT INTO message VALUES ('1_2', 50, 1, 2, 'held', '')");
    const held = insertInto(stores[0]!, [row({ id: "50" })], fences[0]);
    await waiting(admin, 1, held);
    assert.deepEqual(await insertInto(stores[1]!, [row({ id: "60", dialog: "8_9" })], fences[1]), ["60"]);
    await holder.query("ROLLBACK");
    assert.deepEqual(await held, ["50"]);
    await Promise.all([holder.end(), admin.end(), ...stores.map((store) => store.close())]);
  });

  test("of servers that claim a shard at once one gets it, and all are told which", async () => {
    const marks: ShardMark[] = [];
    const stores = Array.from({ length: 6 }, () => createMysqlStore(spec("claimed")));
    const judges = stores.map((_store, at): OnConnect => async (session) => {
      marks.push(await session.claim(`cluster ${at}`));
    });
    await Promise.all(stores.map((store, at) => store.open(judges[at]!)));
    assert.equal(marks.length, 6);
    assert.equal(new Set(marks.map(({ cluster }) => cluster)).size, 1);
    await Promise.all(stores.map((store) => store.close()));
  });
});
