import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { createSqliteStore } from "../../../server/shards/sqlite.ts";
import { admitted, FENCE, insertInto, pageOf, row } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-sqlite-"));
const children: ChildProcess[] = [];

after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** A process that stores one message after another and prints each id once it is acknowledged. */
function writerProcess(file: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const [store, rows] = ["../../../server/shards/sqlite.ts", "./rows.ts"].map((path) =>
    JSON.stringify(new URL(path, import.meta.url).href),
  );
  const code = `
    import { createSqliteStore } from ${store};
    import { admitted, FENCE } from ${rows};
    const store = createSqliteStore({ file: ${JSON.stringify(file)} });
    await store.open(admitted);
    for (let id = 1; ; id++) {
      await store.insert([{ dialog: "1_2", id: String(id), author: 1, recipient: 2, client: "c" + id, text: "hello" }], FENCE);
      console.log(id);
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

test("a shard belongs to one process until that ends, and what it acknowledged survives kill -9", async () => {
  const file = join(folder, "owned.db");
  const { child, lines } = writerProcess(file);
  const acknowledged: string[] = [];
  while (acknowledged.length < 100) {
    const line = await lines.next();
    assert.notEqual(line.done, true, "the writing process ended early");
    acknowledged.push(line.value);
  }

  const second = createSqliteStore({ file });
  await assert.rejects(second.open(admitted), {
    name: "ConfigError",
    code: "SHARD_IN_USE",
    message: /another process/,
  });
  await assert.rejects(pageOf(second, "1_2", null, 1), { name: "ConfigError", code: "SHARD_IN_USE" });
  await second.close();

  child.kill("SIGKILL");
  await once(child, "exit");
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) acknowledged.push(line.value);

  const heir = createSqliteStore({ file });
  await heir.open(admitted);
  const stored = new Set((await pageOf(heir, "1_2", null, 1_000_000)).map(({ id }) => id));
  assert.deepEqual(
    acknowledged.filter((id) => !stored.has(id)),
    [],
  );
  // One commit may have been under way.
  assert.ok(stored.size - acknowledged.length <= 1, `${stored.size} stored, ${acknowledged.length} acknowledged`);
  await heir.close();
});

test("the same process cannot open a shard twice either", async () => {
  const file = join(folder, "twice.db");
  const [a, b] = [createSqliteStore({ file }), createSqliteStore({ file })];
  const opened = await Promise.allSettled([a.open(admitted), b.open(admitted)]);
  await Promise.all([a.close(), b.close()]);
  assert.deepEqual(opened.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
});

test("people may read the file while the server writes", async () => {
  const file = join(folder, "read.db");
  const store = createSqliteStore({ file });
  await store.open(admitted);
  await insertInto(store, [row({ id: "1" })]);
  const reader = new DatabaseSync(file, { readOnly: true });
  assert.equal(reader.prepare("SELECT COUNT(*) AS n FROM message").get()!["n"], 1);
  reader.close();
  await store.close();
});

test("a commit does not wait for an audit, nor history for either", async () => {
  const file = join(folder, "audit.db");
  const store = createSqliteStore({ file });
  await store.open(admitted);
  const db = new DatabaseSync(file);
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
    INSERT INTO message SELECT '8_9', i, 8, 9, 'big-' || i, 'x' FROM n`);
  db.close();
  await pageOf(store, "1_2", null, 1);
  const order: string[] = [];
  const audit = store.audit("big").then(({ rows }) => order.push(`audit of ${rows}`));
  const dialogs = store.auditDialogs("big", [{ from: "0", bucketMs: 0 }]).then(() => order.push("dialogs"));
  // The audit's thread has begun when its first wait is over; a commit costs a thousandth of what it reads.
  await store.insert([row({ id: "500001" })], FENCE).then(() => order.push("commit"));
  await pageOf(store, "1_2", null, 1).then(([one]) => order.push(`history of ${one?.id}`));
  await Promise.all([audit, dialogs]);
  assert.deepEqual(order, ["commit", "history of 500001", "audit of 400000", "dialogs"]);
  assert.equal((await store.size()).rows, 400_001);
  await store.close();
  assert.equal(existsSync(`${file}-wal`), false, "the log is folded into the file");
});

test("a store that is closed stays closed, whatever was asked of it meanwhile", async () => {
  const store = createSqliteStore({ file: join(folder, "closing.db") });
  await store.open(admitted);
  // The first read asks the writing thread whose file it is; the store is closed before the answer.
  const asked = [store.size(), store.audit("r"), pageOf(store, "1_2", null, 1)];
  const outcomes = Promise.allSettled(asked);
  await store.close();
  for (const { status } of await outcomes) assert.equal(status, "rejected");
  await assert.rejects(store.size(), { name: "StoreError", message: /is closed/ });
  assert.equal(store.connections(), 0, "a thread that nobody ends would keep the process alive");
  await store.open(admitted);
  assert.deepEqual((await store.size()).rows, 0);
  await store.close();
});

test("a full disk is a StoreError that stored nothing, and space mends it", async () => {
  const file = join(folder, "full.db");
  const store = createSqliteStore({ file }, { maxPages: 40 });
  await store.open(admitted);
  let id = 0;
  const batch = () => Array.from({ length: 8 }, () => row({ id: String(++id), text: "x".repeat(4_000) }));
  let stored = 0;
  const fill = async (): Promise<void> => {
    for (;;) stored += (await insertInto(store, batch())).length;
  };
  await assert.rejects(fill(), { name: "StoreError", maybeStored: false, message: /full/ });
  assert.equal((await pageOf(store, "1_2", null, 1_000)).length, stored);
  assert.ok(stored > 0);

  const other = new DatabaseSync(file);
  other.exec("DELETE FROM message");
  other.close();
  assert.equal((await insertInto(store, batch())).length, 8);
  await store.close();
});

test("what goes into a file that was removed or replaced is not acknowledged, and a new file takes its place", async () => {
  const home = join(folder, "vanishes");
  const file = join(home, "shard.db");
  const store = createSqliteStore({ file });
  await store.open(admitted);
  await insertInto(store, [row({ id: "1" })]);
  const faults = [
    () => rmSync(home, { recursive: true }),
    () => {
      writeFileSync(join(home, "other"), "");
      renameSync(join(home, "other"), file);
    },
  ];
  for (const [index, fault] of faults.entries()) {
    fault();
    const unsure = insertInto(store, [row({ id: String(10 * index + 11) })]);
    await assert.rejects(unsure, { name: "StoreError", maybeStored: true, message: /removed or replaced/ });
    const id = String(10 * index + 12);
    assert.deepEqual(await insertInto(store, [row({ id })]), [id]);
    const reader = new DatabaseSync(file, { readOnly: true });
    assert.equal(reader.prepare("SELECT MAX(id) AS id FROM message").get()!["id"], Number(id));
    reader.close();
  }
  await store.close();
});

test("a thread that is lost takes its calls with it and is replaced", async () => {
  const store = createSqliteStore({ file: join(folder, "lost.db") });
  await store.open(admitted);
  await insertInto(store, [row({ id: "1" })]);
  const lost = insertInto(store, [row({ id: "2" })]);
  store.abandon!();
  await assert.rejects(lost, { name: "StoreError", maybeStored: true });
  await store.ping();
  assert.deepEqual(await insertInto(store, [row({ id: "3" })]), ["3"]);
  const ids = (await pageOf(store, "1_2", null, 10)).map(({ id }) => id);
  assert.deepEqual(
    ids.filter((id) => id !== "2"),
    ["1", "3"],
  );
  await store.close();
});

test("a file that is no database, or cannot be one, is a configuration error", async () => {
  const text = join(folder, "text.db");
  writeFileSync(text, "this is not a database, and long enough to be looked at ".repeat(100));
  mkdirSync(join(folder, "directory.db"));
  const files = [text, join(folder, "directory.db"), join(text, "below.db")];
  // Where mkdir says that the parent is missing although it is there.
  if (process.platform === "linux") files.push("/proc/hotshard/below.db");
  for (const file of files) {
    const store = createSqliteStore({ file });
    await assert.rejects(store.open(admitted), { name: "ConfigError", code: "SHARD_UNUSABLE" }, file);
    await store.close();
  }
});
