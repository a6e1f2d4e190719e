import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { optionRows, readConfig } from "../../server/config.ts";
import { ConfigError } from "../../server/config-error.ts";
import { DEVELOPMENT_SECRET } from "../../server/protocol/secret.ts";
import { connect } from "../support/chat-client.ts";
import { runServer, startServer, temporaryFolder } from "../support/server.ts";
import { tokenOf } from "../support/token.ts";

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

/** The faults that a configuration is refused for. */
function faultsOf(argv: readonly string[]): string {
  let faults = "";
  const takes = (error: unknown) => {
    assert.ok(error instanceof ConfigError, String(error));
    faults = error.message;
    return error.code === "BAD_CONFIG";
  };
  assert.throws(() => readConfig(argv, {}), takes, `${argv.join(" ")} is refused`);
  return faults;
}

test("defaults, environment, options: the later wins", () => {
  const none = readConfig([], {});
  assert.deepEqual(
    [none.port, none.host, none.placement, none.specs.length, none.rateLimit, none.secretIsPublic],
    [8086, "127.0.0.1", "slots", 4, 0, true],
  );
  assert.equal(none.secret, DEVELOPMENT_SECRET);
  assert.ok(Object.isFrozen(none));
  const env = { HOTSHARD_PORT: "1", HOTSHARD_SHARDS: "7", HOTSHARD_QUEUE_ROWS: "5", HOTSHARD_HOST: "", HOME: "/x" };
  const both = readConfig(["--port", "2", "--placement=jump"], env);
  assert.deepEqual([both.port, both.specs.length, both.queueRows, both.placement], [2, 7, 5, "jump"]);
  assert.deepEqual(both.layout.shards, ["00", "01", "02", "03", "04", "05", "06"]);
  assert.equal(both.host, "127.0.0.1", "an empty variable is none");
});

test("shards are counted, shaped, or named by their URLs", () => {
  const counted = readConfig(["--shards", "2?commitMs=20&maxRows=50", "--data", "/tmp/d?d"], {}).specs;
  const shaped = { commitMs: 20, maxRows: 50 };
  assert.deepEqual(
    counted,
    ["00", "01"].map((label) => ({ engine: "sqlite", file: `/tmp/d?d/shard-${label}.db`, shaped })),
  );
  const [mysql, sqlite] = readConfig(["--shards", "mysql://u:p%40@h:1/d, sqlite:/tmp/a.db?commitMs=5"], {}).specs;
  assert.deepEqual(mysql, {
    engine: "mysql",
    host: "h",
    port: 1,
    user: "u",
    password: "p@",
    database: "d",
    shaped: null,
  });
  assert.deepEqual(sqlite, { engine: "sqlite", file: "/tmp/a.db", shaped: { commitMs: 5, maxRows: null } });
});

const REFUSED: Readonly<Record<string, RegExp>> = {
  "--port 65536": /^--port \(HOTSHARD_PORT\): an integer from 0 to 65535$/,
  "--port 1.5": /^--port/,
  "--port=-1": /^--port/,
  "--port 0x10": /^--port/,
  "--queue-rows 0": /^--queue-rows \(HOTSHARD_QUEUE_ROWS\): an integer of 1 or more$/,
  "--dev=maybe": /^--dev \(HOTSHARD_DEV\): 1 or 0$/,
  "--log loud": /^--log \(HOTSHARD_LOG\): one of silent, error, warn, info, debug$/,
  "--secret short": /^--secret \(HOTSHARD_SECRET\): 16 characters or more$/,
  "--port": /^--port: needs a value$/,
  "--prot 1": /^--prot: no such option; argument 2 belongs to no option$/,
  "--origins https://a.example/path": /^--origins \(HOTSHARD_ORIGINS\): origins are scheme and host/,
  "--origins *": /^--origins/,
  "--shards 0": /^--shards \(HOTSHARD_SHARDS\): 1 to 64 shards/,
  "--shards 65": /^--shards/,
  "--shards 4x": /^--shards .*no known scheme/,
  "--shards 3,": /^--shards .*shard 1: .*no known scheme.*shard 2: /,
  "--shards 2?commitMs=x": /^--shards \(HOTSHARD_SHARDS\): commitMs is milliseconds/,
  "--shards postgres://h/d": /^--shards .*no known scheme/,
  "--shards sqlite:a,sqlite:./a": /^--shards .*the same database as shard 1/,
  "--placement nope": /^--placement \(HOTSHARD_PLACEMENT\): no placement "nope": there are slots, /,
  "--placement ring:virtualNodes=0": /^--placement/,
  "--topology /nowhere.json": /^--topology \(HOTSHARD_TOPOLOGY\): \/nowhere.json: ENOENT/,
  "--traces-url localhost:4318": /^--traces-url \(HOTSHARD_TRACES_URL\): an http:\/\/ or https:\/\/ URL$/,
  "--traces-url http://": /^--traces-url \(HOTSHARD_TRACES_URL\): an http:\/\/ or https:\/\/ URL$/,
  "--traces-ratio 1.01": /^--traces-ratio \(HOTSHARD_TRACES_RATIO\): a number from 0 to 1$/,
  "--traces-ratio 1e-3": /^--traces-ratio/,
  "--host 0.0.0.0": /^HOTSHARD_SECRET is not set and 0.0.0.0 is not loopback/,
  [`--host 0.0.0.0 --secret ${DEVELOPMENT_SECRET}`]: /^HOTSHARD_SECRET is the public development secret and/,
};

for (const [line, pattern] of Object.entries(REFUSED)) {
  test(`refused: ${line}`, () => assert.match(faultsOf(line.split(" ")), pattern));
}

test("the development secret serves beyond loopback only with HOTSHARD_DEV=1", () => {
  assert.equal(readConfig(["--host", "0.0.0.0"], { HOTSHARD_DEV: "1" }).secretIsPublic, true);
  assert.equal(readConfig(["--host", "0.0.0.0", "--dev"], {}).secretIsPublic, true);
  const own = readConfig(["--host", "0.0.0.0"], { HOTSHARD_SECRET: "a secret of one's own" });
  assert.deepEqual([own.secret, own.secretIsPublic], ["a secret of one's own", false]);
  for (const host of ["localhost", "127.0.0.5", "::1"]) assert.equal(readConfig(["--host", host], {}).host, host);
});

test("a topology file is judged, with its shards against --shards", () => {
  const file = join(folder, "topology.json");
  const write = (content: unknown) => writeFileSync(file, JSON.stringify(content));
  const segment = { from: "0", placement: "slots", shards: [{ label: "00", weight: 1 }], overrides: [] };
  write({ epoch: 3, shards: ["00"], segments: [segment] });
  assert.equal(readConfig(["--shards", "1", "--topology", file], {}).layout.epoch, 3);
  assert.match(faultsOf(["--topology", file]), /names 1 shards, --shards gives 4: make them equal/);
  write({ epoch: 0, shards: ["00"], segments: [{ ...segment, placement: "nope" }] });
  assert.match(faultsOf(["--shards", "1", "--topology", file]), /epoch is not an integer/);
  writeFileSync(file, "{\nno");
  assert.match(faultsOf(["--shards", "1", "--topology", file]), /topology\.json: /);
});

const SECRETS = ["hunter2-one", "hunter2-two", "hunter2-three", "hunter2-four"];

test("everything wrong is on one line, exit code 2, without a stack and without a password", async () => {
  const file = join(folder, "broken.json");
  writeFileSync(file, '{\n"epoch": 1,\n');
  const { code, stdout, stderr } = await runServer(
    [
      "--port",
      "99999",
      "--host",
      "0.0.0.0",
      "--placement",
      "nope",
      "--topology",
      file,
      "--unknown",
      "1",
      "--shards",
      `mysql://u:${SECRETS[0]}@h:1/,u:${SECRETS[1]}@h/d`,
      `mysql://u:${SECRETS[2]}@h/d`,
      `--mysql://u:${SECRETS[3]}@h/d`,
    ],
    { HOTSHARD_QUEUE_ROWS: "many", HOTSHARD_LOG: "loud" },
  );
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  const parts = [
    "--port",
    "--placement",
    "--topology",
    "--unknown",
    "--shards",
    "--queue-rows",
    "--log",
    "HOTSHARD_SECRET",
  ];
  for (const part of parts) assert.ok(stderr.includes(part), `${part} in ${stderr}`);
  for (const secret of SECRETS) assert.ok(!stderr.includes(secret), stderr);
  assert.doesNotMatch(stderr, /\bat .*\.ts:/);
});

test("a port in use, a data folder that cannot be, shards of another server: one line, exit code 2", async (t) => {
  const server = await startServer({ args: ["--shards", "2"] });
  t.after(() => server.stop());
  writeFileSync(join(folder, "file"), "");
  const port = new URL(server.url).port;
  const cases: [args: string[], pattern: RegExp][] = [
    [["--port", port, "--data", join(folder, "unused")], /EADDRINUSE.*choose another --port or --host/],
    [["--data", join(folder, "file", "below")], /STATE_UNUSABLE: .*ENOTDIR.*give --data a folder/],
    [["--shards", "2", "--data", server.data], /SHARD_IN_USE: .*shard-00.*shard-01.*stop that server/],
    [["--host", "no-such-host.invalid", "--secret", "a secret of one's own"], /(ENOTFOUND|EAI_AGAIN)/],
  ];
  const results = await Promise.all(cases.map(([args]) => runServer(args)));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.match(stderr, cases[index]![1]);
  }
  const client = await connect(server.chat, 1);
  await client.settle();
});

test("--help lists every option and ends with 0", async () => {
  const { code, stdout } = await runServer(["--help"]);
  assert.equal(code, 0);
  for (const { flag, variable } of optionRows()) {
    assert.ok(stdout.includes(`${flag} `), flag);
    // The help says the rule, not every name.
    assert.equal(variable, `HOTSHARD_${flag.slice(2).replaceAll("-", "_").toUpperCase()}`);
  }
});

test("--check judges the options and starts nothing", async () => {
  const good = await runServer(["--check", "--shards", "2", "--data", "/nowhere/at/all"]);
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, "", ""]);
  const bad = await runServer(["--shards", "0", "--check", "--placement", "soup"]);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /--shards.*soup|soup.*--shards/u);
});

test("tokens are judged by the secret that the server was given, in the environment", async (t) => {
  const server = await startServer({
    args: ["--shards", "1", "--log", "info"],
    env: { HOTSHARD_SECRET: "one of our own, long" },
  });
  t.after(() => server.stop());
  const client = await connect(server.chat, 1, { token: tokenOf(1), welcome: false });
  assert.equal((await client.closed).code, 4001);
  assert.doesNotMatch(server.log(), /development secret|of our own/);
});
