import assert from "node:assert/strict";
import { test } from "node:test";
import type { Driver } from "../../../../loadtest/drivers/contract.ts";
import { createK6Driver } from "../../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { createSeriesWriter } from "../../../../loadtest/drivers/prometheus/writer.ts";
import type { Snapshot } from "../../../../loadtest/drivers/prometheus/snapshot.ts";
import { createHistogram } from "../../../../loadtest/measurement/histogram.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../../support/k6.ts";
import { startPushReceiver } from "../../../support/push-receiver.ts";
import { startServer, unusedPort } from "../../../support/server.ts";

const snapshot = (): Snapshot => ({
  at: Date.now(),
  counts: { sent: 1 },
  shards: [],
  sendLag: createHistogram().copy(),
  loops: 1,
});

test("what a Prometheus does not take is told in a sentence, without its password", async (t) => {
  const full = await startPushReceiver((_request, _body, response) => void response.writeHead(400).end("too old\n"));
  t.after(() => full.close());
  const gone = `127.0.0.1:${await unusedPort()}`;
  const table: [address: string, line: RegExp][] = [
    [
      `${full.url.replace("://", "://me:secret@")}/write`,
      /^Prometheus http:\/\/127\S+\/write did not take 2 of 2 writes/u,
    ],
    [`${full.url}/write`, /: 400 too old\.$/u],
    [`http://${gone}/write`, /did not take 2 of 2 writes of the generator's series: .*ECONNREFUSED/u],
  ];
  for (const [address, line] of table) {
    const writer = createSeriesWriter({ address, labels: {} });
    writer.write(snapshot());
    writer.write(snapshot());
    assert.match((await writer.end()) ?? "nothing", line);
  }
});

const DRIVERS: readonly [Driver, skip: false | string, line: RegExp][] = [
  [createNodeDriver(), false, /did not take (\d+) of \1 writes of the generator's series: 503\.$/u],
  [createK6Driver(), skipWithoutK6, /^Prometheus did not take \d+ writes? of k6 1 of 1\.$/u],
];

for (const [driver, skip, told] of DRIVERS) {
  test(`a Prometheus that goes away in the run takes nothing from it (${driver.name})`, { skip }, async (t) => {
    let asked = 0;
    // The question before the run is answered.
    const ill = await startPushReceiver((_request, _body, response) => {
      response.writeHead((asked += 1) === 1 ? 204 : 503).end();
    });
    t.after(() => ill.close());
    const server = await startServer({ args: ["--shards", "3"] });
    t.after(() => server.stop());
    const measured = await driver.drive({
      runId: `ill${driver.name}`.padEnd(10, "0"),
      scenario: "random",
      dials: { ...DEFAULT_DIALS, users: 20, rate: 50, durationS: 2, warmupS: 0 },
      url: server.chat,
      secret: DEVELOPMENT_SECRET,
      shards: ["00", "01", "02"],
      prometheus: `${ill.url}/api/v1/write`,
    });
    assert.equal(measured.sent, measured.planned);
    assert.equal(
      Object.values(measured.shards).reduce((sum, { acked }) => sum + acked, 0),
      measured.sent,
    );
    const [line = "", ...others] = measured.generator.unwritten ?? [];
    assert.match(line, told);
    assert.deepEqual(others, []);
  });
}
