import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { remoteWrite } from "../../../../loadtest/drivers/k6/host/remote-write.ts";
import { askPrometheus } from "../../../../loadtest/drivers/prometheus/receiver.ts";
import { skipWithoutK6 } from "../../../support/k6.ts";
import { RECEIVER, skipWithoutPrometheus, startPrometheus } from "../../../support/prometheus.ts";
import { startPushReceiver } from "../../../support/push-receiver.ts";
import { temporaryFolder, unusedPort } from "../../../support/server.ts";

const HOTSHARD = join(import.meta.dirname, "../../../../bin/hotshard.js");

test(
  "a Prometheus that would not take the series is told of before the run",
  { skip: skipWithoutPrometheus },
  async (t) => {
    const deaf = await startPrometheus(t, []);
    const old = await startPrometheus(t, [RECEIVER]);
    const table: [string, RegExp][] = [
      [`http://127.0.0.1:${await unusedPort()}/api/v1/write`, /does not answer .*correct the address/u],
      [`${deaf}/api/v1/write`, /404.*--web\.enable-remote-write-receiver/u],
      [`${old}/api/v1/write`, /--enable-feature=native-histograms/u],
    ];
    for (const [url, message] of table) await assert.rejects(askPrometheus(url), { code: "NO_PROMETHEUS", message });
  },
);

test("an address with a password: it is sent as one, and not shown", async (t) => {
  const seen: (string | undefined)[] = [];
  const guarded = await startPushReceiver((request, _, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401).end();
  });
  t.after(() => guarded.close());
  const address = `${guarded.url.replace("://", "://me:s3cr%40t@")}/api/v1/write`;
  await assert.rejects(askPrometheus(address), (error: Error) => {
    assert.match(error.message, /^http:\/\/127[^@]*\(401\); correct the address, user or password/u);
    return true;
  });
  assert.deepEqual(seen, [`Basic ${Buffer.from("me:s3cr@t").toString("base64")}`]);
  const written = remoteWrite(address);
  assert.equal(written["K6_PROMETHEUS_RW_SERVER_URL"], `${guarded.url}/api/v1/write`);
  assert.equal(written["K6_PROMETHEUS_RW_PASSWORD"], "s3cr@t");
});

test("bad options are one coded line, whichever driver is to write", async () => {
  const gone = `http://127.0.0.1:${await unusedPort()}`;
  const table: [string[], number, RegExp][] = [
    [["--driver", "node", "--prometheus", gone], 4, /NO_PROMETHEUS: .*v1\/write/u],
    [["--prometheus", "127.0.0.1:9090"], 2, /BAD_PROMETHEUS: --prometheus 127\.0\.0\.1:9090: /u],
    [["--generators", "1.5"], 2, /BAD_GENERATORS: --generators 1\.5: /u],
  ];
  if (skipWithoutK6 === false) table.push([["--driver", "k6", "--prometheus", gone], 4, /NO_PROMETHEUS: .*v1\/write/u]);
  for (const [args, code, line] of table) {
    const folder = temporaryFolder();
    const all = [HOTSHARD, "run", "random", "--users", "10", ...args, "--out", folder];
    const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, all, (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr }));
    });
    rmSync(folder, { recursive: true, force: true });
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, line);
    assert.doesNotMatch(ended.stderr, /\n {4}at /u);
  }
});
