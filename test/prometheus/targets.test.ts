import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promtool, skipWithoutPromtool } from "../support/promtool.ts";
import { startServer, temporaryFolder } from "../support/server.ts";
import { signToken } from "../support/token.ts";

const CONFIG = join(import.meta.dirname, "../../prometheus/prometheus.yml");
const SECRET = "a-secret-of-the-tester";
/** Nothing listens there: the server starts all the same, and lists them. */
const SHARDS = "mysql://u:hidden@127.0.0.1:9/s0,mysql://u:hidden@[::1]:9/s1,sqlite:%DATA%/s2.db";

interface Discovered {
  readonly labels: Readonly<Record<string, string>>;
}

const shardsIn = (folder: string): string => SHARDS.replace("%DATA%", folder);

/** The checked-in configuration, pointed at a test's server. */
function configFor(folder: string, host: string): string {
  mkdirSync(join(folder, "rules"), { recursive: true });
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, readFileSync(CONFIG, "utf8").replaceAll("server:8086", host));
  return file;
}

test(
  "Prometheus discovers the server and its databases by the checked-in configuration",
  {
    skip: skipWithoutPromtool,
  },
  async (t) => {
    const data = temporaryFolder();
    t.after(() => rmSync(data, { recursive: true, force: true }));
    const server = await startServer({ args: ["--shards", shardsIn(data), "--log", "silent"] });
    t.after(() => server.stop());
    const { host } = new URL(server.url);
    const config = configFor(data, host);
    const discover = async (job: string) => {
      const { ok, output } = await promtool(["check", "service-discovery", "--timeout=5s", config, job], data);
      assert.ok(ok, output);
      // promtool lists targets in the order of a hash.
      const targets = (JSON.parse(output) as Discovered[]).map(({ labels }) => labels);
      return targets.sort((a, b) => (a["shard"] ?? "").localeCompare(b["shard"] ?? ""));
    };
    const [chat, mysql] = await Promise.all([discover("chat"), discover("mysql")]);
    assert.deepEqual(
      chat.map((labels) => [labels["job"], labels["__address__"], labels["instance"]]),
      [["chat", host, host]],
    );
    assert.deepEqual(
      mysql.map((labels) => [
        labels["__address__"],
        labels["__metrics_path__"],
        labels["__param_target"],
        labels["instance"],
        labels["shard"],
        labels["database"],
      ]),
      [
        ["mysqld-exporter:9104", "/probe", "127.0.0.1:9", "127.0.0.1:9", "00", "s0"],
        ["mysqld-exporter:9104", "/probe", "[::1]:9", "[::1]:9", "01", "s1"],
      ],
    );
  },
);

test("where the databases are is told to admins only; where the server is, to anybody; a password to nobody", async (t) => {
  const data = temporaryFolder();
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const server = await startServer({
    args: ["--shards", shardsIn(data), "--log", "silent"],
    env: { HOTSHARD_SECRET: SECRET },
  });
  t.after(() => server.stop());
  const get = async (path: string, role?: string) => {
    const token = signToken({ sub: "1", ...(role !== undefined && { role }) }, { secret: SECRET });
    const headers: Record<string, string> = role === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(server.url + path, { headers });
    return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
  };
  const own = await get("/v1/targets?role=server");
  assert.equal(own.status, 200);
  assert.match(own.type ?? "", /^application\/json/u);
  assert.deepEqual(JSON.parse(own.body), [
    { targets: [new URL(server.url).host], labels: { __meta_hotshard_role: "server" } },
  ]);
  for (const path of ["/v1/targets", "/v1/targets?role=database"]) {
    assert.equal((await get(path)).status, 401);
    assert.equal((await get(path, "user")).status, 403);
    const { status, body } = await get(path, "admin");
    assert.equal(status, 200);
    assert.match(body, /127\.0\.0\.1:9/u);
    assert.doesNotMatch(body, /hidden/u);
  }
  assert.equal((await get("/v1/targets?role=nonsense")).status, 400);
  assert.equal((await get("/v1/targets?role=server&role=server")).status, 400);
});
