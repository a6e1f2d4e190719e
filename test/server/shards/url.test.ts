import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { describeShard, parseShardUrl, parseShardUrls } from "../../../server/shards/url.ts";

test("shard URLs of both engines, shaped or not", () => {
  assert.deepEqual(parseShardUrl("sqlite:data/00.db"), { engine: "sqlite", file: resolve("data/00.db"), shaped: null });
  assert.deepEqual(parseShardUrl("sqlite:/tmp/100% a#b.db?commitMs=2.5&maxRows=50"), {
    engine: "sqlite",
    file: "/tmp/100% a#b.db",
    shaped: { commitMs: 2.5, maxRows: 50 },
  });
  assert.deepEqual(parseShardUrl("mysql://us%40er:p%40ss%2F%3F%23%25w@db.example:3307/chat_00?maxRows=1"), {
    engine: "mysql",
    host: "db.example",
    port: 3307,
    user: "us@er",
    password: "p@ss/?#%w",
    database: "chat_00",
    shaped: { commitMs: 0, maxRows: 1 },
  });
  const local = "mysql://root@localhost/chat?socket=/run/mysqld/mysqld.sock";
  assert.deepEqual(parseShardUrl(local), {
    engine: "mysql",
    host: "localhost",
    port: 3306,
    user: "root",
    password: "",
    database: "chat",
    socket: "/run/mysqld/mysqld.sock",
    shaped: null,
  });
  assert.equal(describeShard(parseShardUrl(local)), "mysql://localhost/chat?socket=/run/mysqld/mysqld.sock");
  assert.equal(parseShardUrls([local, local.replace("mysqld.sock", "other.sock")]).length, 2, "two servers");
  assert.deepEqual(parseShardUrl("mysql://root@[::1]/chat?commitMs=20"), {
    engine: "mysql",
    host: "::1",
    port: 3306,
    user: "root",
    password: "",
    database: "chat",
    shaped: { commitMs: 20, maxRows: null },
  });
});

test("a description names the place and the shape, never who may enter", () => {
  const text = describeShard(parseShardUrl("mysql://root:hunter2@db:3306/chat?commitMs=20&maxRows=50"));
  assert.equal(text, "mysql://db:3306/chat (shaped: commitMs=20 maxRows=50)");
  assert.equal(describeShard(parseShardUrl("sqlite:/tmp/00.db")), "sqlite:/tmp/00.db");
  const losable = parseShardUrl("sqlite:/tmp/00.db?lostWhile=lost%26gone");
  assert.deepEqual(losable.shaped, { commitMs: 0, maxRows: null, lostWhile: resolve("lost&gone") });
  assert.equal(describeShard(losable), `sqlite:/tmp/00.db (shaped: commitMs=0 lostWhile=${resolve("lost&gone")})`);
});

const WRONG: [url: string, fault: RegExp][] = [
  ["sqlite:/tmp/00.db?lostWhile=", /lostWhile is the path of a file/],
  ["", /no known scheme.*sqlite:FILE or mysql:/],
  ["mysql://u@localhost/d?socket=run/mysqld.sock", /socket is the absolute path of the server's Unix socket/],
  ["mysql://u@localhost/d?socket=/run/mysqld.sock&tls=required", /socket needs no tls: nothing leaves this machine/],
  ["sqlite:/tmp/00.db?socket=/run/mysqld.sock", /takes commitMs, maxRows, lostWhile, not "socket"/],
  ["postgres://root:hunter2@db/chat", /no known scheme/],
  ["root:hunter2@db/chat", /no known scheme/],
  ["sqlite:", /names no file/],
  ["sqlite:data/", /names no file/],
  ["sqlite::memory:", /memory/],
  ["sqlite://data/00.db", /write sqlite:data\/00.db or sqlite:\/data\/00.db/],
  ["sqlite:a.db?commitMs=-1", /commitMs is milliseconds, 0 to 60000/],
  ["sqlite:a.db?commitMs=60001", /commitMs/],
  ["sqlite:a.db?commitMs=", /commitMs/],
  ["sqlite:a.db?maxRows=0", /maxRows is a whole number, 1 to 10000/],
  ["sqlite:a.db?maxRows=1.5", /maxRows/],
  ["sqlite:a.db?maxrows=5", /not "maxrows"/],
  ["mysql://root:hunter2@db:99999/chat", /cannot be read/],
  ["mysql://root:hunter2@/chat", /cannot be read|without a host/],
  ["mysql://root:hunter2@db/", /names no database/],
  ["mysql://root:hunter2@db/a/b", /names no database/],
  ["mysql://root:hunter2@db/a%60b", /names no database/],
  ["mysql://:hunter2@db/chat", /names no user/],
  ["mysql://root:hunter2%@db/chat", /bad %/],
  ["mysql://root:hunter2#more@db/chat", /cannot be read|#/],
  ["mysql://root:hunter2/more@db/chat", /cannot be read|names no/],
];

for (const [url, fault] of WRONG) {
  test(`refused without showing a password: ${url}`, () => {
    assert.throws(
      () => parseShardUrl(url),
      (error: Error & { code?: string }) => {
        assert.equal(error.name, "ConfigError");
        assert.equal(error.code, "BAD_SHARD_URL");
        assert.match(error.message, fault);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
}

test("everything wrong is said at once, and twice the same database is wrong", () => {
  const urls = ["sqlite:a.db?commitMs=x&maxRows=0", "sqlite:b.db", "sqlite:./b.db", "oracle:x", "sqlite:c.db"];
  assert.throws(() => parseShardUrls(urls), {
    message: /shard 1: commitMs.*; shard 1: maxRows.*; shard 3: the same database as shard 2.*; shard 4: the shard URL/,
  });
  assert.equal(parseShardUrls(["sqlite:a.db", "sqlite:b.db"]).length, 2);
});
