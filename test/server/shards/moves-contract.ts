import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { MessageRow, OnConnect, ShardStore } from "../../../server/shards/contract.ts";
import { MOVED_ROWS, type MessageKey } from "../../../server/shards/moves.ts";
import { createStore } from "../../../server/shards/open-store.ts";
import { parseShardUrl } from "../../../server/shards/url.ts";
import type { Behind } from "./behind.ts";
import { admitted, insertInto, pageOf, row } from "./rows.ts";

const MAX = (2n ** 63n - 1n).toString();
const ALL = { below: MAX };

const keyOf = ({ dialog, id }: MessageRow): MessageKey => ({ dialog, id });

/** By the formula of the contract. */
function digestOf(rows: readonly MessageRow[]): { rows: number; sum: bigint } {
  const sum = rows.reduce((total, { author, client, dialog, id, recipient, text }) => {
    const whole = `${dialog}:${id}:${author}:${recipient}:${Buffer.byteLength(client)}:${client}:${text}`;
    return total + BigInt(`0x${createHash("md5").update(whole).digest("hex").slice(0, 12)}`);
  }, 0n);
  return { rows: rows.length, sum };
}

/** What every byte of must arrive: ids beyond a double, texts of all kinds. */
const ODD = [
  row({ id: "9007199254740993", author: 2 ** 53 - 1, recipient: 2 ** 53 - 2, client: "a", text: "\0\u{10FFFF}'\"\\" }),
  row({ id: "9007199254740994", client: "a ", text: " é e\u0301 " }),
  row({ id: "9007199254740995", client: "A", text: "\uFEFF\n\r\t%_?" }),
  row({ id: "9223372036854775806", client: "a:b", text: "c" }),
  row({ id: "9223372036854775805", client: "😀", text: "中".repeat(4_096) }),
];

/** How rows come from another shard, are compared, and go. */
export function movesContract({ url, sql }: Behind): void {
  async function withStore<T>(
    place: string,
    use: (store: ShardStore) => Promise<T>,
    onConnect: OnConnect = admitted,
  ): Promise<T> {
    const store = createStore(parseShardUrl(url(place)));
    try {
      await store.open(onConnect);
      return await use(store);
    } finally {
      await store.close();
    }
  }

  test("a session says whether the shard holds messages", async () => {
    const said: boolean[] = [];
    const judge: OnConnect = async (session) => {
      said.push(await session.holdsRows());
      await admitted(session);
    };
    await withStore("holds", async (store) => void (await insertInto(store, [row({ id: "1" })])), judge);
    await withStore("holds", async () => {}, judge);
    assert.deepEqual([said[0], said.at(-1)], [false, true]);
  });

  test("the mover's token only rises, and a shard from before there were movers gets one", async () => {
    await withStore("token", async () => {});
    await sql("token", ["ALTER TABLE hotshard_shard DROP COLUMN mover"]);
    await withStore("token", async (store) => {
      assert.equal(await store.take(3), 3);
      assert.equal(await store.take(2), 3);
    });
    await withStore("token", async (store) => {
      assert.equal(await store.take(0), 3, "it is kept");
      assert.equal(await store.take(1_800_000_000_000), 1_800_000_000_000);
    });
  });

  test("rows arrive byte for byte, below what the shard is closed to, and again without harm", () =>
    withStore("copy", async (store) => {
      await store.seal(1, 2n ** 63n - 1n);
      await store.take(1);
      assert.deepEqual(await store.copy(ODD.slice(1), 1), { outcome: "stored", rows: 4 });
      assert.deepEqual(await store.copy(ODD, 1), { outcome: "stored", rows: 1 });
      assert.deepEqual(await store.copy(ODD, 1), { outcome: "stored", rows: 0 });
      assert.deepEqual(await store.digest(ODD.map(keyOf)), digestOf(ODD));
      assert.deepEqual(
        await pageOf(store, "1_2", null, 9),
        ODD.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)),
      );
      assert.equal((await store.size()).rows, 5);
    }));

  test("only who has the token copies and removes", () =>
    withStore("fenced", async (store) => {
      const [one, two] = [row({ id: "1" }), row({ id: "2" })];
      await insertInto(store, [one]);
      await store.take(5);
      for (const token of [4, 6]) {
        assert.deepEqual(await store.copy([two], token), { outcome: "fenced" });
        assert.equal(await store.remove([keyOf(one)], token), "fenced");
      }
      assert.deepEqual(await pageOf(store, "1_2", null, 9), [one]);
      assert.deepEqual(await store.copy([two], 5), { outcome: "stored", rows: 1 });
      assert.equal(await store.remove([keyOf(one)], 5), 1);
      assert.equal(await store.remove([keyOf(one)], 5), 0, "it is gone, and the token is ours");
      assert.deepEqual(await pageOf(store, "1_2", null, 9), [two]);
    }));

  test("a copy that meets the message under another id, or another message under its id, stores nothing and says which", () =>
    withStore("clash", async (store) => {
      const there = [row({ id: "10", client: "a" }), row({ id: "11", client: "b" })];
      await insertInto(store, there);
      await store.take(1);
      const first = row({ id: "1", client: "new" });
      const later = row({ id: "12", client: "b" });
      assert.deepEqual(await store.copy([first, there[0]!, later], 1), {
        outcome: "clash",
        row: keyOf(later),
        stored: "11",
      });
      const thief = row({ id: "10", client: "thief" });
      assert.deepEqual(await store.copy([there[1]!, thief, first], 1), {
        outcome: "clash",
        row: keyOf(thief),
        stored: null,
      });
      assert.deepEqual(await pageOf(store, "1_2", null, 9), there);
    }));

  test("a scan goes through all rows in the order of their keys, page by page, within its ids", () =>
    withStore("scan", async (store) => {
      const dialogs = ["10_9", "1_10", "1_2", "1_9", "2_3", "g_1"];
      const rows = dialogs.flatMap((dialog) => ["7", "80", "9007199254740993"].map((id) => row({ dialog, id })));
      await insertInto(store, rows.toReversed());
      async function pages(limit: number, range: { from?: string; below: string }): Promise<MessageRow[]> {
        const found: MessageRow[] = [];
        for (let after: MessageKey | null = null; ;) {
          const page = await store.scan(after, range, limit);
          found.push(...page);
          if (page.length < limit) return found;
          after = keyOf(page.at(-1)!);
        }
      }
      for (const limit of [1, 2, 3, 5, 100]) assert.deepEqual(await pages(limit, ALL), rows, `pages of ${limit}`);
      const within = (range: { from?: string; below: string }) =>
        pages(4, range).then((page) => page.map(({ id }) => id));
      const six = (id: string) => dialogs.map(() => id);
      assert.deepEqual(await within({ below: "80" }), six("7"));
      assert.deepEqual(await within({ from: "80", below: "9007199254740993" }), six("80"));
      assert.deepEqual(await within({ from: "9007199254740993", below: MAX }), six("9007199254740993"));
      assert.deepEqual(await within({ below: "7" }), []);
    }));

  test("a digest is of the rows that were asked for, and any difference shows in it", () =>
    withStore("digest", async (store) => {
      const rows = Array.from({ length: 30 }, (_, at) => row({ id: String(at + 1), dialog: `${(at % 3) + 1}_9` }));
      await insertInto(store, rows);
      const asked = rows.filter((_row, at) => at % 2 === 0);
      assert.deepEqual(await store.digest([...asked.map(keyOf), { dialog: "1_9", id: "999" }]), digestOf(asked));
      assert.deepEqual(await store.digest([{ dialog: "8_9", id: "1" }]), { rows: 0, sum: 0n });
      const one = rows[0]!;
      for (const [at, other] of [
        { ...one, author: 7 },
        { ...one, recipient: 7 },
        { ...one, client: "other" },
        { ...one, text: "other" },
        // The same letters, parted otherwise.
        { ...one, client: `${one.client}:h`, text: one.text.slice(1) },
      ].entries()) {
        await withStore(`digest_${at}`, async (second) => {
          await insertInto(second, [other]);
          assert.notDeepEqual(await second.digest([keyOf(one)]), await store.digest([keyOf(one)]));
          assert.deepEqual(await second.digest([keyOf(one)]), digestOf([other]));
        });
      }
    }));

  test("the largest call: as many rows as are moved at once", () =>
    withStore("most", async (store) => {
      const rows = Array.from({ length: MOVED_ROWS }, (_, at) =>
        row({ id: String(at + 1), dialog: `${(at % 7) + 1}_9`, text: "中".repeat(2_500) }),
      );
      await store.take(1);
      assert.deepEqual(await store.copy(rows, 1), { outcome: "stored", rows: MOVED_ROWS });
      assert.deepEqual(await store.digest(rows.map(keyOf)), digestOf(rows));
      assert.deepEqual(
        await store.ids(rows),
        rows.map(({ id }) => id),
      );
      assert.equal(await store.remove(rows.slice(1).map(keyOf), 1), MOVED_ROWS - 1);
      assert.deepEqual(await store.scan(null, ALL, 9), [rows[0]]);
    }));

  test("many messages are looked up at once, by dialog, author and client", () =>
    withStore("ids", async (store) => {
      await insertInto(store, ODD);
      const asked = [...ODD.toReversed(), row({ id: "0", client: "a  " }), row({ id: "0", client: "a", author: 3 })];
      assert.deepEqual(await store.ids(asked), [...ODD.toReversed().map(({ id }) => id), null, null]);
    }));

  test("it knows its size without those that were removed, and after a restart", async () => {
    await withStore("removed", async (store) => {
      const rows = Array.from({ length: 9 }, (_, at) => row({ id: String(at + 1) }));
      await insertInto(store, rows);
      await store.take(1);
      assert.equal((await store.size()).rows, 9);
      assert.equal(await store.remove(rows.slice(3, 6).map(keyOf), 1), 3);
      assert.equal((await store.size()).rows, 6);
    });
    await withStore("removed", async (store) => assert.equal((await store.size()).rows, 6));
  });
}
