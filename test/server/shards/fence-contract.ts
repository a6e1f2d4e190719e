import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../../server/config-error.ts";
import type { Fence, OnConnect, ShardMark, ShardStore } from "../../../server/shards/contract.ts";
import { createStore } from "../../../server/shards/open-store.ts";
import { parseShardUrl } from "../../../server/shards/url.ts";
import type { Behind } from "./behind.ts";
import { admitted, FENCE, insertInto, pageOf, row } from "./rows.ts";

const ROWS = [row({ id: "100" }), row({ id: "102" }), row({ id: "101" })];

/** Lets the node write at epoch 5, closed below 100. */
const atEpoch5: OnConnect = async (session) => {
  await session.claim("ours");
  await session.seal(5, 100n);
  // Once: the connections that are opened later find what the test has made of it.
  if ((await session.fences()).length === 0) await session.admit({ node: 7, incarnation: 3, epoch: 5 }, 100n);
};
const OURS: Fence = { node: 7, incarnation: 3, epoch: 5 };

/** Whose shard it is, who may write there, and who is told of it. */
export function fenceContract({ url, sql, cut, swap }: Behind): void {
  async function withStore<T>(place: string, onConnect: OnConnect, use: (store: ShardStore) => Promise<T>): Promise<T> {
    const store = createStore(parseShardUrl(url(place)));
    try {
      await store.open(onConnect);
      return await use(store);
    } finally {
      await store.close();
    }
  }

  test("a shard belongs to whoever claims it first, and keeps its identity", async () => {
    const marks: ShardMark[] = [];
    const judge: OnConnect = async (session) => {
      marks.push(session.mark);
      marks.push(...(await Promise.all([session.claim("ours"), session.claim("theirs")])));
    };
    await withStore("claim", judge, async () => {});
    const [fresh, ...claims] = marks.slice(0, 3);
    assert.deepEqual(fresh, { cluster: null, epoch: 0, closedBelow: "0" });
    assert.deepEqual(claims, [claims[0], claims[0]]);
    assert.match(claims[0]!.cluster!, /ours|theirs/);
    marks.length = 0;
    await withStore("claim", judge, async () => {});
    assert.deepEqual(marks.slice(0, 3), [claims[0], claims[0], claims[0]]);
  });

  for (const [largest, closedBelow] of [
    ["9007199254740993", "9007199254740994"],
    ["9223372036854775807", "9223372036854775807"],
  ] as const) {
    test(`messages from before the shard had an identity: it is closed below ${closedBelow} when it is claimed`, async () => {
      const place = `earlier_${largest}`;
      const earlier = [row({ id: largest, dialog: "1_9" }), row({ id: "5" })];
      await withStore(place, admitted, async (store) => void (await insertInto(store, earlier)));
      await sql(place, ["DROP TABLE hotshard_shard", "DROP TABLE hotshard_fence"]);
      const marks: ShardMark[] = [];
      const judge: OnConnect = async (session) => {
        await session.admit({ ...OURS, epoch: 0 }, 0n);
        marks.push(session.mark, await session.claim("ours"));
      };
      await withStore(place, judge, async (store) => {
        assert.deepEqual(marks.slice(0, 2), [
          { cluster: null, epoch: 0, closedBelow: "0" },
          { cluster: "ours", epoch: 0, closedBelow },
        ]);
        assert.equal((await store.fences())[0]!.closedBelow, closedBelow, "and whoever had been admitted");
        assert.deepEqual(await pageOf(store, "1_2", null, 5), [earlier[1]]);
      });
    });
  }

  const WAYS: readonly [string, Fence, (store: ShardStore) => Promise<void>][] = [
    ["its node was never admitted", { ...OURS, node: 8 }, async () => {}],
    ["its node was retired", OURS, (store) => store.retire(7, 3)],
    ["its incarnation is an earlier one", OURS, (store) => store.admit({ ...OURS, incarnation: 4 }, 100n)],
    [
      "an id was minted before its incarnation was admitted",
      { ...OURS, incarnation: 4 },
      (store) => store.admit({ ...OURS, incarnation: 4 }, 101n),
    ],
    [
      "an id is below where its incarnation began, though it was admitted again",
      { ...OURS, incarnation: 4 },
      async (store) => {
        await store.admit({ ...OURS, incarnation: 4 }, 101n);
        await store.admit({ ...OURS, incarnation: 4 }, 0n);
      },
    ],
    ["its incarnation is a later one", { ...OURS, incarnation: 4 }, async () => {}],
    ["its epoch is an earlier one", OURS, (store) => store.seal(6, 0n)],
    ["its epoch is a later one", { ...OURS, epoch: 6 }, async () => {}],
    ["the shard is closed below an id above its smallest one", OURS, (store) => store.seal(5, 101n)],
  ];
  for (const [at, [why, fence, before]] of WAYS.entries()) {
    test(`a fenced batch is not stored: ${why}`, () =>
      withStore(`fenced_${at}`, atEpoch5, async (store) => {
        await insertInto(store, [row({ id: "100", client: "first" })], OURS);
        await before(store);
        // One that is refused and one that is stored already change nothing of it.
        const batch = [...ROWS, row({ id: "100", client: "thief" }), row({ id: "103", client: "first" })];
        assert.deepEqual(
          await insertInto(store, batch, fence),
          batch.map(() => "fenced"),
        );
        assert.deepEqual(await pageOf(store, "1_2", null, 9), [row({ id: "100", client: "first" })]);
        assert.equal((await store.size()).rows, 1);
      }));
  }

  test("a batch at the boundary is stored, and a refused row in it harms no other", () =>
    withStore("boundary", atEpoch5, async (store) => {
      assert.deepEqual(await insertInto(store, ROWS, OURS), ["100", "102", "101"]);
      const batch = [row({ id: "110" }), row({ id: "100", client: "thief" }), row({ id: "111" })];
      assert.deepEqual(await insertInto(store, batch, OURS), ["110", "refused", "111"]);
    }));

  test("batches race a seal: each is stored or fenced as a whole, and none is stored after it", () =>
    withStore("race", atEpoch5, async (store) => {
      let id = 100;
      const batch = () => [row({ id: String(++id) }), row({ id: String(++id) })];
      const pending = Array.from({ length: 20 }, () => insertInto(store, batch(), OURS));
      const sealed = store.seal(6, 0n).then(async () => (await pageOf(store, "1_2", null, 1_000)).length);
      for (let late = 0; late < 20; late++) pending.push(insertInto(store, batch(), OURS));
      const ends = await Promise.all(pending);
      for (const [first, second] of ends) assert.equal(first === "fenced", second === "fenced");
      const stored = ends.flat().filter((end) => end !== "fenced");
      assert.deepEqual(
        (await pageOf(store, "1_2", null, 1_000)).map((one) => one.id),
        stored,
      );
      assert.equal(await sealed, stored.length);
      assert.deepEqual(await insertInto(store, batch(), OURS), ["fenced", "fenced"]);
    }));

  test("a seal raises epoch and boundary of the shard and of every node, and lowers none", async () => {
    await withStore("seal", atEpoch5, async (store) => {
      await store.admit({ node: 9, incarnation: 1, epoch: 0 }, 0n);
      const marks = async () =>
        (await store.fences()).map(({ node, epoch, closedBelow }) => [node, epoch, closedBelow]);
      assert.deepEqual(await marks(), [
        [7, 5, "100"],
        [9, 5, "100"],
      ]);
      await store.seal(4, 9_007_199_254_740_993n);
      await store.seal(6, 3n);
      await store.seal(0, 0n);
      assert.deepEqual(await marks(), [
        [7, 6, "9007199254740993"],
        [9, 6, "9007199254740993"],
      ]);
      assert.equal((await store.history("1_2", null, 1, 7)).epoch, 6);
    });
    const marks: ShardMark[] = [];
    await withStore(
      "seal",
      async ({ mark }) => void marks.push(mark),
      async () => {},
    );
    assert.deepEqual(marks[0], { cluster: "ours", epoch: 6, closedBelow: "9007199254740993" });
  });

  test("an incarnation never goes back, and a node is not admitted before the shard is sealed", () =>
    withStore("admit", atEpoch5, async (store) => {
      await store.admit({ ...OURS, incarnation: 1_800_000_000_000 }, 50n);
      for (const incarnation of [3, 1_799_999_999_999]) {
        const earlier = store.admit({ ...OURS, incarnation }, 1_000n);
        await assert.rejects(earlier, { name: "StoreError", maybeStored: false, message: /started again/ });
      }
      const unsealed = store.admit({ ...OURS, node: 9, epoch: 6 }, 0n);
      await assert.rejects(unsealed, { name: "StoreError", maybeStored: false, message: /epoch 5, not to 6/ });
      const [own, ...others] = await store.fences();
      const { silentMs, ...told } = own!;
      assert.deepEqual(
        [told, others],
        [{ node: 7, incarnation: 1_800_000_000_000, epoch: 5, closedBelow: "100", floor: "50" }, []],
      );
      assert.ok(silentMs >= 0 && silentMs < 60_000, String(silentMs));
    }));

  test("floors: of the same incarnation they only rise, and history tells the smallest of the others", () =>
    withStore("floors", atEpoch5, async (store) => {
      const floors = async () => Object.fromEntries((await store.fences()).map(({ node, floor }) => [node, floor]));
      assert.equal((await store.history("1_2", null, 5, 7)).floor, null);
      await store.beat(OURS, 9_007_199_254_740_993n);
      await store.beat(OURS, 200n);
      await store.admit(OURS, 100n);
      assert.deepEqual(await floors(), { 7: "9007199254740993" });
      const other = { node: 9, incarnation: 1, epoch: 5 };
      await store.beat(other, 5n);
      assert.deepEqual(await floors(), { 7: "9007199254740993" }, "who has no row gets none");
      await store.admit(other, 400n);
      await store.beat({ ...other, incarnation: 2 }, 500n);
      assert.deepEqual(
        await floors(),
        { 7: "9007199254740993", 9: "400" },
        "nor does another incarnation speak for it",
      );
      await insertInto(store, ROWS, OURS);
      const read = async (node: number) => {
        const { rows, ...part } = await store.history("1_2", "102", 5, node);
        return { ids: rows.map(({ id }) => id), ...part };
      };
      assert.deepEqual(await read(7), { ids: ["100", "101"], epoch: 5, floor: "400" });
      assert.deepEqual(await read(9), { ids: ["100", "101"], epoch: 5, floor: "9007199254740993" });
      assert.deepEqual(await read(8), { ids: ["100", "101"], epoch: 5, floor: "400" });
      // Where there is nothing to read there is a floor as well.
      assert.deepEqual(await store.history("8_9", null, 5, 7), { rows: [], epoch: 5, floor: "400" });
      // A new start mints from its own grant on.
      await store.admit({ ...OURS, incarnation: 4 }, 600n);
      assert.deepEqual(await floors(), { 7: "600", 9: "400" });
    }));

  test("a shard that has lost what it says of itself is no shard", () =>
    withStore("headless", atEpoch5, async (store) => {
      await insertInto(store, ROWS, OURS);
      await sql("headless", ["DELETE FROM hotshard_shard"]);
      for (const dialog of ["1_2", "8_9"])
        await assert.rejects(store.history(dialog, null, 5, 7), { name: "StoreError" });
    }));

  test("who is retired is gone, unless it has started again", () =>
    withStore("retire", atEpoch5, async (store) => {
      await store.retire(7, 2);
      await store.retire(8, 3);
      assert.equal((await store.fences()).length, 1);
      assert.deepEqual(await insertInto(store, [ROWS[0]!], OURS), ["100"]);
      await store.retire(7, 3);
      assert.deepEqual(await store.fences(), []);
      assert.deepEqual(await insertInto(store, [ROWS[1]!], OURS), ["fenced"]);
    }));

  test("identity and fence are checked on every connection: those of a start, and those after a loss", async () => {
    let judged = 0;
    let verdict: Error | null = null;
    const judge: OnConnect = async (session) => {
      judged += 1;
      if (verdict !== null) throw verdict;
      await admitted(session);
    };
    await withStore("judged", judge, async (store) => {
      assert.ok(judged >= 1);
      const uses: readonly [string, () => Promise<unknown>][] = [
        ["insert", () => store.insert([row({ id: "1" })], FENCE)],
        ["history", () => store.history("1_2", null, 5, 1)],
        ["find", () => store.find("1_2", 1, "x")],
        ["audit", () => store.audit("r")],
        ["beat", () => store.beat(FENCE, 0n)],
        ["ping", () => store.ping()],
      ];
      for (const [what, use] of uses) {
        await cut("judged", store);
        verdict = new ConfigError("OTHER_CLUSTER", "the shard of somebody else");
        await assert.rejects(use(), { name: "ConfigError", code: "OTHER_CLUSTER" }, what);
        verdict = new TypeError("the topology does not answer");
        const refused = { name: "StoreError", maybeStored: false, message: /the topology does not answer/ };
        await assert.rejects(use(), refused, what);
        verdict = null;
        const before = judged;
        await use();
        assert.ok(judged > before, what);
      }
      assert.deepEqual(await pageOf(store, "1_2", null, 5), [row({ id: "1" })]);
    });
  });

  test("identity and fence are checked on every connection: another database in the place of the shard", async () => {
    const seen: (string | null)[] = [];
    const judge: OnConnect = async (session) => {
      const { cluster } = await session.claim("ours");
      seen.push(cluster);
      if (cluster !== "ours") throw new ConfigError("OTHER_CLUSTER", `it belongs to ${cluster}`);
      await session.admit({ ...FENCE, epoch: 0 }, 0n);
    };
    const fence = { ...FENCE, epoch: 0 };
    // It knows a node of the same number, incarnation and epoch.
    await withStore(
      "stranger",
      async (session) => {
        await session.claim("theirs");
        await session.admit(fence, 0n);
      },
      async () => {},
    );
    await withStore("place", judge, async (store) => {
      assert.deepEqual(await insertInto(store, [row({ id: "1" })], fence), ["1"]);
      await store.history("1_2", null, 5, 1);
      await swap("place", "stranger");
      // A reader may come before anybody has noticed.
      await assert.rejects(store.history("1_2", null, 5, 1), /theirs|CONNECTION_LOST|ECONNRESET/u);
      await store.insert([row({ id: "2" })], fence).catch(() => undefined);
      for (const use of [
        () => store.insert([row({ id: "3" })], fence),
        () => store.history("1_2", null, 5, 1),
        () => store.find("1_2", 1, "x"),
        () => store.ping(),
      ]) {
        await assert.rejects(use(), { name: "ConfigError", code: "OTHER_CLUSTER" });
      }
      assert.ok(seen.includes("theirs"));
    });
    // Nothing went there.
    await withStore(
      "place",
      async () => {},
      async (store) => {
        assert.deepEqual(await pageOf(store, "1_2", null, 5), []);
      },
    );
  });
}
