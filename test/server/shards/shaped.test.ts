import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ALL_INSERTED, StoreError } from "../../../server/shards/contract.ts";
import { shaped } from "../../../server/shards/shaped.ts";
import { scripted } from "../../support/scripted-store.ts";
import { FENCE, row } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-shaped-"));
after(() => rmSync(folder, { recursive: true }));

const lost = (maybeStored: boolean) => (error: unknown) => {
  assert.ok(error instanceof StoreError);
  assert.match(error.message, /lost while .* exists/);
  assert.equal(error.maybeStored, maybeStored);
  return true;
};

test("a shard is lost while its file exists: it is asked nothing, and what was under way has no answer", async () => {
  const file = join(folder, "lost");
  const commit = Promise.withResolvers<typeof ALL_INSERTED>();
  const asked: string[] = [];
  const store = shaped(
    scripted({
      insert: () => commit.promise,
      ping: async () => void asked.push("ping"),
      find: async () => (asked.push("find"), "7"),
    }),
    { commitMs: 0, maxRows: null, lostWhile: file },
  );
  await store.ping();
  const underWay = store.insert([row({ id: "1" })], FENCE);
  writeFileSync(file, "");
  commit.resolve(ALL_INSERTED);
  await assert.rejects(underWay, lost(true));
  await assert.rejects(store.insert([row({ id: "2" })], FENCE), lost(false));
  await assert.rejects(store.ping(), lost(false));
  await assert.rejects(store.audit("run"), lost(false));
  assert.deepEqual(asked, ["ping"]);
  assert.equal(store.connections(), 0, "its own counts are not asked of the database");
  rmSync(file);
  assert.equal(await store.find("1_2", 1, "c"), "7");
  await store.close();
});
