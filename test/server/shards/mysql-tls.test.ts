import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { RowDataPacket } from "mysql2";
import { StoreError } from "../../../server/shards/contract.ts";
import { mysqlLink } from "../../../server/shards/mysql-link.ts";
import { SESSION } from "../../../server/shards/mysql-schema.ts";
import { createMysqlStore } from "../../../server/shards/mysql.ts";
import { parseShardUrl, type MysqlSpec } from "../../../server/shards/url.ts";
import { createAuthority, hasOpenssl, type CertificateAuthority } from "../../support/certificates.ts";
import { MARIADB_REMEDY, startMariadbs, type Mariadb } from "../../support/mariadb.ts";
import { need } from "../../support/need.ts";
import { temporaryFolder } from "../../support/server.ts";
import { admitted, FENCE, pageOf } from "./rows.ts";

const folder = temporaryFolder();
const used = { cert: join(folder, "used.pem"), key: join(folder, "used.key") };
let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let database: Mariadb | null = null;
const withoutOpenssl = need("openssl", hasOpenssl() || null, "install openssl");

/** The certificate that the server shows from its next start on. */
function use(name: string, names: string, years?: readonly [number, number]): void {
  const { cert, key } = authority.issue(name, names, years);
  copyFileSync(cert, used.cert);
  copyFileSync(key, used.key);
}

before(async () => {
  if (withoutOpenssl !== false) return;
  const [own, other] = [join(folder, "own"), join(folder, "other")];
  for (const path of [own, other]) mkdirSync(path);
  authority = createAuthority(own);
  stranger = createAuthority(other);
  use("good", "DNS:localhost");
  database = (await startMariadbs(1, [`--ssl-cert=${used.cert}`, `--ssl-key=${used.key}`]))?.[0] ?? null;
});
after(async () => {
  await database?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function specOf(query: string): MysqlSpec {
  const url = database!.url("tls").replace("@127.0.0.1:", "@localhost:");
  return parseShardUrl(`${url}${query}`) as MysqlSpec;
}

/** The cipher of a connection, empty for one in clear. @throws {StoreError} */
async function cipherOf(query: string): Promise<string> {
  const link = mysqlLink(specOf(query), SESSION, { overrides: { database: "" } });
  try {
    const [row] = await link.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Ssl_cipher'", []);
    return String(row!["Value"]);
  } finally {
    link.drop("done");
  }
}

/** Why a connection was refused. */
async function refusalOf(query: string): Promise<string> {
  const error: unknown = await cipherOf(query).then(
    (cipher) => assert.fail(`it was taken with ${cipher}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof StoreError, String(error));
  return error.message;
}

test("a shard over TLS works as one in clear, and its connection is encrypted", async (t) => {
  const skip = withoutOpenssl !== false ? withoutOpenssl : need("mariadbd", database, MARIADB_REMEDY);
  if (skip !== false) return t.skip(skip);
  const trusted = `?tls=verify&ca=${encodeURIComponent(authority.file)}`;
  const store = createMysqlStore(specOf(trusted));
  t.after(() => store.close());
  await store.open(admitted);
  await store.insert(
    [{ dialog: "1_2", id: "1", author: 1, recipient: 2, client: "c", text: "x".repeat(4_096) }],
    FENCE,
  );
  assert.equal((await pageOf(store, "1_2", null, 10)).length, 1);
  assert.equal(await cipherOf(""), "");
  for (const query of [trusted, "?tls=required"]) assert.match(await cipherOf(query), /TLS|AES|CHACHA/, query);

  await t.test("another authority is not trusted", async () => {
    assert.match(await refusalOf(`?tls=verify&ca=${encodeURIComponent(stranger.file)}`), /certificate|signature/i);
    assert.match(await refusalOf("?tls=verify"), /certificate|self/i);
  });
  for (const [what, names, years, reason] of [
    ["another name", "DNS:chat.example", [2020, 2049], /altnames|Hostname/],
    ["expired", "DNS:localhost", [2020, 2021], /expired/],
  ] as const) {
    await t.test(`a certificate with ${what} is refused, where it is verified`, async () => {
      use(what.replace(" ", "-"), names, years);
      await database!.kill();
      await database!.restart();
      assert.match(await refusalOf(trusted), reason);
      assert.notEqual(await cipherOf("?tls=required"), "");
    });
  }
});

test("what a shard URL cannot mean is refused", () => {
  const empty = join(folder, "empty.pem");
  writeFileSync(empty, "");
  for (const [query, fault] of [
    ["?tls=yes", /tls is required or verify/],
    ["?ca=/x.pem", /tls is required or verify/],
    ["?tls=required&ca=/x.pem", /ca is for tls=verify/],
    ["?tls=verify&ca=/nowhere.pem", /ca=\/nowhere\.pem cannot be used: ENOENT/],
    [`?tls=verify&ca=${empty}`, /has no certificate/],
    ["?ssl=true", /takes commitMs, maxRows, lostWhile, tls, ca, socket, not "ssl"/],
  ] as const) {
    assert.throws(() => parseShardUrl(`mysql://u:hunter2@db.example/d${query}`), fault, query);
  }
  assert.throws(() => parseShardUrl("mysql://u:p@10.0.0.1/d?tls=verify"), /needs the name of a host/);
  assert.throws(() => parseShardUrl("sqlite:a.db?tls=required"), /takes commitMs, maxRows, lostWhile, not "tls"/);
  const spec = parseShardUrl("mysql://u:p@db.example/d?tls=required&commitMs=5") as MysqlSpec;
  assert.deepEqual([spec.tls, spec.shaped?.commitMs], [{ verify: false, ca: null }, 5]);
});
