import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createIdClock } from "../../../server/chat/clock.ts";
import { loneFence } from "../../../server/shards/lone-fence.ts";
import { createSqliteStore } from "../../../server/shards/sqlite.ts";
import { insertInto, row } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-lone-"));

after(() => rmSync(folder, { recursive: true }));

const START = 1_800_000_000_000;

/** A process with a clock of its own. */
function start(part: { cluster?: string; node?: number; epoch?: number; at?: number } = {}) {
  const { cluster = "ours", node = 1, epoch = 1, at = START } = part;
  const clock = createIdClock(node, () => at);
  return { clock, ...loneFence({ cluster, node, epoch, clock, now: () => at }) };
}

async function withStore<T>(
  name: string,
  { onConnect }: ReturnType<typeof start>,
  use: (store: ReturnType<typeof createSqliteStore>) => Promise<T>,
): Promise<T> {
  const store = createSqliteStore({ file: join(folder, `${name}.db`) });
  try {
    await store.open(onConnect);
    return await use(store);
  } finally {
    await store.close();
  }
}

test("it takes the place of the process before it, also when the wall clock was set back", async () => {
  const first = start();
  const id = await withStore("restarted", first, async (store) => {
    const minted = first.clock.next();
    assert.deepEqual(await insertInto(store, [row({ id: String(minted) })], first.fence()), [String(minted)]);
    await store.beat(first.fence(), first.clock.peek());
    return minted;
  });
  const second = start({ at: START - 3_600_000 });
  await withStore("restarted", second, async (store) => {
    const minted = second.clock.next();
    assert.ok(minted > id);
    assert.deepEqual(await insertInto(store, [row({ id: String(minted) })], second.fence()), [String(minted)]);
    assert.deepEqual(await insertInto(store, [row({ id: String(minted + 1n) })], first.fence()), ["fenced"]);
  });
});

test("a connection that is made again belongs to the same incarnation", async () => {
  const own = start();
  await withStore("again", own, async (store) => {
    const before = own.fence();
    store.abandon!();
    const id = String(own.clock.next());
    assert.deepEqual(await insertInto(store, [row({ id })], before), [id]);
    assert.deepEqual(own.fence(), before);
    const [fence, ...others] = await store.fences();
    assert.deepEqual([fence?.incarnation, others], [before.incarnation, []]);
  });
});

test("a shard of another cluster, or one that has seen a newer topology, is not used", async () => {
  await withStore("theirs", start({ cluster: "theirs", epoch: 2 }), async () => {});
  for (const [other, code] of [
    [start({ epoch: 2 }), "OTHER_CLUSTER"],
    [start({ cluster: "theirs" }), "OLD_TOPOLOGY"],
  ] as const) {
    await assert.rejects(
      withStore("theirs", other, async () => {}),
      { name: "ConfigError", code },
    );
  }
});
