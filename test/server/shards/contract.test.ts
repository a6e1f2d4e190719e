import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { createWhen, type Period } from "../../../server/placement/periods.ts";
import type { MessageRow, ShardStore } from "../../../server/shards/contract.ts";
import { createStore } from "../../../server/shards/open-store.ts";
import { parseShardUrl } from "../../../server/shards/url.ts";
import { MARIADB_REMEDY, startMariadb } from "../../support/mariadb.ts";
import { need } from "../../support/need.ts";
import { mysqlDatabases, sqliteFiles, type Behind } from "./behind.ts";
import { fenceContract } from "./fence-contract.ts";
import { movesContract } from "./moves-contract.ts";
import { admitted, auditKey, FENCE, insertInto, pageOf, row } from "./rows.ts";

const MAX = 2n ** 63n - 1n;
const idAt = (ms: number): bigint => composeId(ID_EPOCH_MS + ms, 4_095, 1_023);
const ALWAYS: readonly Period[] = [{ from: "0", bucketMs: 0 }];
const folder = mkdtempSync(join(tmpdir(), "hotshard-contract-"));
const mariadb = await startMariadb();
const noMariadb = need("mariadbd", mariadb, MARIADB_REMEDY);

after(async () => {
  await mariadb?.stop();
  rmSync(folder, { recursive: true });
});

storeContract("sqlite", false, sqliteFiles(folder, "plain-", ""));
storeContract("sqlite, shaped", false, sqliteFiles(folder, "shaped-", "?commitMs=3&maxRows=500&lostWhile=never"));
storeContract(
  "mysql",
  noMariadb,
  mysqlDatabases((place) => mariadb!.url(place)),
);

function storeContract(name: string, skip: string | false, behind: Behind): void {
  const { url } = behind;

  async function withStore<T>(place: string, use: (store: ShardStore) => Promise<T>): Promise<T> {
    const store = createStore(parseShardUrl(url(place)));
    await store.open(admitted);
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  }

  describe(name, { skip }, () => {
    fenceContract(behind);
    movesContract(behind);

    test("an empty shard answers everything", () =>
      withStore("empty", async (store) => {
        assert.equal(await store.find("1_2", 1, "none"), null);
        assert.deepEqual(await pageOf(store, "1_2", null, 50), []);
        assert.deepEqual(await store.audit("r"), { rows: 0, sum: 0 });
        assert.deepEqual(await store.auditDialogs("r", ALWAYS), []);
        await store.ping();
      }));

    test("it says how durable it is", async () => {
      const store = createStore(parseShardUrl(url("durability")));
      const { crashSafe, settings } = await store.open(admitted);
      await store.close();
      assert.equal(crashSafe, true, settings);
      assert.match(settings, /synchronous=FULL|innodb_flush_log_at_trx_commit=1/);
    });

    test("history pages go back through the dialog, ids exact up to 2^63-1", () =>
      withStore("history", async (store) => {
        const ids = [1n, 2n ** 53n, 2n ** 53n + 1n, MAX - 2n, MAX - 1n, MAX].map(String);
        const rows = ids.map((id) => row({ id, author: 2 ** 53 - 1, recipient: 2 ** 53 - 2 }));
        await insertInto(store, [rows[3]!, rows[0]!, rows[5]!]);
        await insertInto(store, [rows[4]!, rows[1]!, row({ id: "77", dialog: "1_20" }), rows[2]!]);
        assert.deepEqual(await pageOf(store, "1_2", null, 50), rows);
        assert.deepEqual(await pageOf(store, "1_2", null, 2), rows.slice(4));
        assert.deepEqual(await pageOf(store, "1_2", ids[4]!, 2), rows.slice(2, 4));
        assert.deepEqual(await pageOf(store, "1_2", ids[2]!, 50), rows.slice(0, 2));
        assert.deepEqual(await pageOf(store, "1_2", ids[0]!, 50), []);
        assert.equal(await store.find("1_2", 2 ** 53 - 1, rows[2]!.client), ids[2]);
      }));

    test("a duplicate is answered with the first id: in a batch, across batches, and after a restart", async () => {
      const first = row({ id: "10", client: "c" });
      const again = row({ id: "11", client: "c", text: "not stored" });
      const other = row({ id: "12", client: "c", author: 3 });
      await withStore("duplicates", async (store) => {
        assert.deepEqual(await insertInto(store, [first, again, other, again]), ["10", "10", "12", "10"]);
        assert.deepEqual(await insertInto(store, [again]), ["10"]);
      });
      await withStore("duplicates", async (store) => {
        const [a, b] = await Promise.all([
          insertInto(store, [row({ id: "13", client: "d" }), again]),
          insertInto(store, [row({ id: "14", client: "d" }), row({ id: "15" })]),
        ]);
        assert.deepEqual(
          [a, b],
          [
            ["13", "10"],
            ["13", "15"],
          ],
        );
        const stored = await pageOf(store, "1_2", null, 50);
        assert.deepEqual(
          stored.map(({ id, text }) => [id, text]),
          ["10", "12", "13", "15"].map((id) => [id, "hello"]),
        );
      });
    });

    for (const [size, bad] of [
      [1, [0]],
      [2, [0]],
      [2, [1]],
      [3, [0, 1, 2]],
      [33, [7]],
      [203, [0, 101, 102, 202]],
    ] as [number, number[]][]) {
      test(`one refused row harms no other: ${size} rows, of them refused ${bad.join(", ")}`, () =>
        withStore(`refused${size}_${bad.length}_${bad[0]}`, async (store) => {
          await insertInto(store, [row({ id: "1", client: "first" })]);
          // Another message with an id that is taken: no duplicate, and nothing that may be hidden.
          const batch = Array.from({ length: size }, (_, index) =>
            bad.includes(index) ? row({ id: "1", client: `thief ${index}` }) : row({ id: String(index + 2) }),
          );
          const { others, reason } = await store.insert(batch, FENCE);
          assert.deepEqual(others, new Map(bad.map((index) => [index, "refused"])));
          assert.match(reason ?? "", /constraint|null/iu);
          const good = batch.filter((_, index) => !bad.includes(index));
          const stored = [row({ id: "1", client: "first" }), ...good];
          assert.deepEqual(await pageOf(store, "1_2", null, 1_000), stored);
          assert.equal((await store.size()).rows, stored.length);
        }));
    }

    test("a batch of refused rows and duplicates: each is answered for itself", () =>
      withStore("mixed", async (store) => {
        await insertInto(store, [row({ id: "1", client: "a" })]);
        const batch = [
          row({ id: "1", client: "thief" }),
          row({ id: "2", client: "a" }),
          row({ id: "3", client: "b" }),
          row({ id: "4", client: "b" }),
          row({ id: "5", client: "thief" }),
        ];
        assert.deepEqual(await insertInto(store, batch), ["refused", "1", "3", "3", "5"]);
      }));

    test("texts and client ids come back as they were and are compared byte by byte", () =>
      withStore("text", async (store) => {
        const clients = [
          "a",
          "a ",
          "A",
          "á",
          "a\u0301",
          " a",
          "a\t",
          "a\0",
          "a\0b",
          "ａ",
          "ß",
          "ss",
          "😀",
          "😁",
          "'",
          '"',
          "\\",
          "%",
          "_",
          "a%",
          "",
        ];
        const texts = [
          "😀".repeat(2_048),
          "中".repeat(4_096),
          "\0",
          "a\0b",
          "e\u0301",
          "é",
          " trailing  ",
          "\n\t\r\n ",
          "'; DROP TABLE message; --",
          `"'\`\\%_?`,
          "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}",
          "\u202E",
          "\uFEFFbom",
          "\uFFFF",
          "\u{10FFFF}",
        ];
        const rows = [
          ...clients.map((client, index) => row({ id: String(index + 1), client })),
          ...texts.map((text, index) => row({ id: String(index + 101), text })),
        ];
        assert.deepEqual(
          await insertInto(store, rows),
          rows.map(({ id }) => id),
          "no two client ids are the same",
        );
        assert.deepEqual(await pageOf(store, "1_2", null, 200), rows);
        for (const { id, client } of rows) assert.equal(await store.find("1_2", 1, client), id, JSON.stringify(client));
        assert.equal(await store.find("1_2", 1, "b"), null);
      }));

    test("a batch of 128 of the longest messages", () =>
      withStore("large", async (store) => {
        const rows = Array.from({ length: 128 }, (_, index) =>
          row({ id: String(index + 1), text: "中".repeat(4_096) }),
        );
        assert.deepEqual(
          await insertInto(store, rows),
          rows.map(({ id }) => id),
        );
        assert.deepEqual(await pageOf(store, "1_2", null, 200), rows);
      }));

    test("the audit sums and counts one run and nothing else", () =>
      withStore("audit", async (store) => {
        const run = Array.from({ length: 40 }, (_, index) =>
          row({
            id: String(index + 1),
            dialog: `${(index % 3) + 1}_99`,
            author: 2 ** 53 - 1 - index,
            client: `r1-${index}-é'😀`,
          }),
        );
        const others = ["r10-1", "r1", "R1-1", " r1-1", "%-1", "r_-1"].map((client, index) =>
          row({ id: String(index + 100), client }),
        );
        await insertInto(store, [...run, ...others]);
        const sum = run.reduce((total, one) => total + auditKey(one), 0);
        assert.deepEqual(await store.audit("r1"), { rows: 40, sum });
        const dialogs = (await store.auditDialogs("r1", ALWAYS)).toSorted((a, b) => (a.dialog < b.dialog ? -1 : 1));
        assert.deepEqual(dialogs, [
          { dialog: "1_99", segment: 0, bucket: 0, count: 14 },
          { dialog: "2_99", segment: 0, bucket: 0, count: 13 },
          { dialog: "3_99", segment: 0, bucket: 0, count: 13 },
        ]);
        assert.deepEqual(await store.audit("%"), { rows: 1, sum: auditKey(others[4]!) });
      }));

    test("the audit counts by segment and time bucket as placements see them", () =>
      withStore("periods", async (store) => {
        const periods: readonly Period[] = [
          { from: "0", bucketMs: 0 },
          { from: composeId(ID_EPOCH_MS + 20_000, 0, 0).toString(), bucketMs: 7_000 },
          { from: idAt(50_000).toString(), bucketMs: 3_600_000 },
        ];
        const moments = [0, 19_999, 20_000, 20_999, 21_000, 27_999, 28_000, 49_999, 50_000, 50_001, 4e6, 2 ** 41 - 1];
        await insertInto(
          store,
          moments.map((ms, index) => row({ id: idAt(ms).toString(), dialog: "1_2", client: `when-${index}` })),
        );
        const when = createWhen(periods);
        const expected = new Map<string, number>();
        for (const ms of moments) {
          const { segment, bucket } = when(idAt(ms));
          expected.set(`${segment} ${bucket}`, (expected.get(`${segment} ${bucket}`) ?? 0) + 1);
        }
        const counted = await store.auditDialogs("when", periods);
        assert.deepEqual(
          new Map(counted.map(({ segment, bucket, count }) => [`${segment} ${bucket}`, count])),
          expected,
        );
        assert.equal(expected.get("0 0"), 2, "before the change, whenever");
        assert.equal(expected.get("1 2"), 2, "from the change to the end of a bucket that had begun before it");
        assert.equal(expected.get("2 0"), 2, "an id that begins a segment belongs to it");
      }));

    test("it knows its size and its connections, and says how long each operation waited for one", async () => {
      const waits: number[] = [];
      const store = createStore(parseShardUrl(url("size")), { onWait: (seconds) => waits.push(seconds) });
      assert.equal(store.connections(), 0);
      await store.open(admitted);
      try {
        assert.ok(store.connections() >= 1);
        assert.equal((await store.size()).rows, 0);
        await insertInto(store, [row({ id: "1", client: "a" }), row({ id: "2", client: "b" })]);
        // One is stored already.
        await insertInto(store, [row({ id: "3", client: "a" }), row({ id: "4", client: "c" })]);
        const { bytes, rows } = await store.size();
        assert.equal(rows, 3);
        assert.ok(bytes >= 4_096, String(bytes));

        waits.length = 0;
        const start = performance.now();
        await Promise.all(Array.from({ length: 200 }, () => pageOf(store, "1_2", null, 50)));
        const took = (performance.now() - start) / 1_000;
        assert.equal(waits.length, 200);
        assert.ok(waits.every((wait) => wait >= 0 && wait <= took));
        // One connection reads one page after another.
        assert.ok(waits.slice(1).every((wait) => wait > 0));
      } finally {
        await store.close();
      }
      assert.equal(store.connections(), 0);
    });

    test("any sequence of batches ends as in a model", () =>
      withStore("model", async (store) => {
        let id = 0n;
        let round = 0;
        const part = fc.record({
          dialog: fc.nat(2),
          author: fc.integer({ min: 1, max: 2 }),
          client: fc.string({ unit: "binary", minLength: 1, maxLength: 2 }),
          text: fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
        });
        const batches = fc.array(fc.array(part, { minLength: 1, maxLength: 12 }), { maxLength: 4 });
        await fc.assert(
          fc.asyncProperty(batches, async (sequence) => {
            round += 1;
            const model = new Map<string, MessageRow>();
            for (const batch of sequence) {
              const rows = batch.map(({ dialog, author, client, text }) =>
                row({ id: String(++id), dialog: `${round}_${dialog}`, author, client, text }),
              );
              const expected = rows.map((one) => {
                const key = JSON.stringify([one.dialog, one.author, one.client]);
                if (!model.has(key)) model.set(key, one);
                return model.get(key)!.id;
              });
              assert.deepEqual(await insertInto(store, rows), expected);
            }
            for (const dialog of [0, 1, 2].map((n) => `${round}_${n}`)) {
              const expected = [...model.values()].filter((one) => one.dialog === dialog);
              assert.deepEqual(await pageOf(store, dialog, null, 200), expected);
            }
          }),
          { numRuns: 30, seed: 7 },
        );
      }));
  });
}
