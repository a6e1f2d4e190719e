import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startCutProxy } from "../../../../loadtest/run/shards/cut-proxy.ts";
import { prepareRehearsal, rehearsalOn } from "../../../../loadtest/run/shards/rehearsal.ts";
import { serverShards } from "../../../../loadtest/run/shards/server-shards.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { parseShardUrl } from "../../../../server/shards/url.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-rehearsal-"));
after(() => rmSync(folder, { recursive: true }));
const dials = { ...DEFAULT_DIALS, lose: "01" };
const refusedAs = (code: string) => (error: unknown) => {
  assert.equal((error as { code?: string }).code, code);
  return true;
};

/** The value of the last --shards. */
const shardsIn = (args: readonly string[]): string[] => args[args.lastIndexOf("--shards") + 1]!.split(",");

test("options of a server, read as it reads them", () => {
  assert.deepEqual(
    serverShards(["--data", "/d"], {}).urls,
    [0, 1, 2, 3].map((i) => `sqlite:/d/shard-0${i}.db`),
  );
  const shaped = serverShards(["--data", "/d", "--shards", "9", "--shards", "2?commitMs=4"], { HOTSHARD_SHARDS: "3" });
  assert.deepEqual(shaped.urls, ["sqlite:/d/shard-00.db?commitMs=4", "sqlite:/d/shard-01.db?commitMs=4"]);
  assert.deepEqual(serverShards([], { HOTSHARD_SHARDS: "sqlite:a, sqlite:b" }).urls, ["sqlite:a", "sqlite:b"]);
  const file = join(folder, "topology.json");
  writeFileSync(file, JSON.stringify({ shards: ["07", "03"] }));
  assert.deepEqual(serverShards(["--shards", "2", "--topology", file], {}).labels, ["07", "03"]);
});

test("the shard that is lost is shaped for it, the others stay as they are", async () => {
  const args = ["--data", folder, "--shards", "3?commitMs=2"];
  const { plug, serverArgs } = await prepareRehearsal({ scenario: "shard-loss", dials }, args);
  const shards = shardsIn(serverArgs).map((url) => parseShardUrl(url).shaped);
  const file = join(folder, "lost-01");
  const plain = { commitMs: 2, maxRows: null };
  assert.deepEqual(shards, [plain, { ...plain, lostWhile: file }, plain]);
  await plug!.pull();
  assert.ok(existsSync(file));
  await plug!.putIn();
  assert.ok(!existsSync(file));
  await plug!.end();
});

test("a MySQL shard that is lost is reached by a proxy, with user, password, database and options", async (t) => {
  const url = "mysql://us%40er:p%40ss@127.0.0.1:3399/chat_01?tls=required";
  const args = ["--shards", `mysql://root@127.0.0.1:3398/chat_00,${url}`];
  const { plug, serverArgs } = await prepareRehearsal({ scenario: "shard-loss", dials }, args);
  t.after(() => plug!.end());
  const [other, lost] = shardsIn(serverArgs);
  assert.equal(other, "mysql://root@127.0.0.1:3398/chat_00");
  const { host, port, ...rest } = parseShardUrl(lost!) as { host: string; port: number };
  const { host: _, port: __, ...asGiven } = parseShardUrl(url) as { host: string; port: number };
  assert.deepEqual(rest, asGiven);
  assert.equal(host, "127.0.0.1");
  assert.notEqual(port, 3_399);
});

test("what cannot be rehearsed is refused before the run, in a sentence", async () => {
  await assert.rejects(
    prepareRehearsal({ scenario: "shard-loss", dials: { ...dials, lose: "07" } }, ["--data", folder]),
    refusedAs("NO_SHARD"),
  );
  const verified = ["--shards", "mysql://root@a/b,mysql://root@db.example/chat?tls=verify"];
  await assert.rejects(prepareRehearsal({ scenario: "shard-loss", dials }, verified), refusedAs("NO_LOSS"));
  await assert.rejects(
    prepareRehearsal({ scenario: "reshard", dials }, ["--shards", "mysql://root@a/b"]),
    refusedAs("NO_ADD"),
  );
  assert.throws(() => rehearsalOn({ scenario: "shard-loss", dials }), refusedAs("NO_LOSS"));
  assert.throws(() => rehearsalOn({ scenario: "reshard", dials }), refusedAs("NO_ADD"));
  assert.throws(() => rehearsalOn({ scenario: "reshard", dials, add: "new" }), refusedAs("NO_ADD"));
});

test("reshard adds a file beside the others, shaped as they are, or what it is given", async () => {
  const args = ["--data", "/d", "--shards", "2?commitMs=4"];
  const { add } = await prepareRehearsal({ scenario: "reshard", dials }, args);
  assert.equal(add, "sqlite:/d/shard-02.db?commitMs=4");
  const given = "mysql://root@a/c";
  assert.equal((await prepareRehearsal({ scenario: "reshard", dials, add: given }, args)).add, given);
  assert.equal((await prepareRehearsal({ scenario: "reshard", dials, add: "new" }, args)).add, add);
  const both = await prepareRehearsal({ scenario: "shard-loss", dials, add: "new" }, args);
  assert.equal(both.add, add, "when the lost one is back");
  assert.equal(rehearsalOn({ scenario: "reshard", dials, add: given }).add, given);
  assert.deepEqual(await prepareRehearsal({ scenario: "random", dials }, args), {
    serverArgs: args,
    plug: null,
    add: null,
  });
});

const closed = (socket: Socket) => new Promise<void>((resolve) => void socket.once("close", () => resolve()));
const says = async (socket: Socket, text: string): Promise<string> => {
  socket.write(text);
  const [data] = (await once(socket, "data")) as [Buffer];
  return data.toString();
};

test("a proxy that is cut drops who is connected and refuses who comes, until it is whole again", async (t) => {
  const echo = createServer((socket) => void socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  const proxy = await startCutProxy({ port: (echo.address() as AddressInfo).port, host: "127.0.0.1" });
  t.after(async () => {
    await proxy.end();
    echo.close();
  });
  const open = (): Socket => connect(proxy.port, "127.0.0.1").on("error", () => {});
  const before = open();
  assert.equal(await says(before, "one"), "one");
  const dropped = closed(before);
  await proxy.pull();
  await dropped;
  await closed(open());
  await proxy.putIn();
  const later = open();
  assert.equal(await says(later, "two"), "two");
  later.destroy();
});
