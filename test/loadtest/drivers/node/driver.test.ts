import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { audit } from "../../../../loadtest/analysis/audit/audit.ts";
import { judge } from "../../../../loadtest/analysis/verdict/verdict.ts";
import type { Measurement } from "../../../../loadtest/measurement/measurement.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { startOwnServer, type OwnServer } from "../../../../loadtest/run/own-server.ts";
import { createServerClient, type ServerClient } from "../../../../loadtest/run/server-client.ts";
import type { Dials } from "../../../../loadtest/traffic/contract.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { mergeHistograms } from "../../../../loadtest/measurement/histogram.ts";
import { unpackHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";
import { assertMeasured } from "../../../support/measured.ts";

const dials: Dials = { ...DEFAULT_DIALS, users: 40, rate: 600, durationS: 2, warmupS: 0.5, offlineShare: 0.2 };
const shards = ["00", "01", "02"];

let folder: string;
let server: OwnServer;
let client: ServerClient;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "hotshard-node-driver-"));
  server = await startOwnServer(["--shards", "3", "--data", folder]);
  client = createServerClient(server.url, DEVELOPMENT_SECRET);
});

after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function drive(
  scenario: string,
  runId: string,
  changes: Readonly<Record<string, number | string>> = {},
): Promise<Measurement> {
  const { url } = server;
  const order = { runId, scenario, dials: { ...dials, ...changes }, url, secret: DEVELOPMENT_SECRET, shards };
  return createNodeDriver().drive(order);
}

for (const [scenario, mode] of [
  ["random", "dialog"],
  ["lady-gaga", "dialog"],
  ["lady-gaga", "inbox"],
] as const) {
  test(`${scenario}, ${mode}: the counts of generator and databases agree, and the run is VALID`, async (t) => {
    const runId = `r${scenario[0]}${mode}00`.slice(0, 10);
    const measurement = await drive(scenario, runId, { mode });
    const { sent, delivered, offline, refused, unknown } = measurement;
    const acked = Object.values(measurement.shards).reduce((sum, shard) => sum + shard.acked, 0);
    assert.deepEqual([acked, refused, unknown], [sent, 0, 0]);
    assert.equal(delivered + offline, acked);
    assert.ok(offline > 0, "a fifth of the users never connect");

    const audited = audit(measurement, await client.audit(runId), []);
    assert.equal(audited.match, true);
    assert.equal(audited.stored, sent);

    const { askedShare } = findScenario(scenario)!.make({ ...dials, mode });
    const verdict = judge({ measurement, dials: { ...dials, mode }, askedShare, audit: audited, cores: 1 });
    assertMeasured(t, { verdict });
  });
}

test("histograms hold the measured phase, counts and slices all of the run", async () => {
  const measurement = await drive("lady-gaga", "rslices000");
  const { sendLag, handlerLag } = measurement.generator;
  assert.ok(sendLag.count > 0.6 * measurement.sent && sendLag.count < 0.95 * measurement.sent);
  assert.ok(handlerLag.count > 0);
  let timed = 0;
  for (const label of shards) {
    const shard = measurement.shards[label]!;
    const slices = measurement.slices.filter((slice) => slice.shard === label);
    assert.deepEqual(
      slices.map((slice) => slice.second),
      slices.map((_, second) => second),
    );
    assert.equal(
      slices.reduce((sum, slice) => sum + slice.acked, 0),
      shard.acked,
    );
    assert.ok(slices.some((slice) => slice.deliveryMs !== null && slice.deliveryMs.p50 <= slice.deliveryMs.p99));
    for (const name of ["delivery", "commit"] as const) {
      const whole = mergeHistograms(slices.map((slice) => unpackHistogram(slice[name]!)));
      assert.deepEqual({ ...whole, sum: 0 }, { ...shard[name], sum: 0 }, `slices add up to the shard's ${name}`);
    }
    assert.ok(slices.some((slice) => slice.warmup !== undefined));
    assert.equal(shard.delivery.count, shard.service.count);
    assert.ok(shard.delivery.sum >= shard.service.sum, "from the intended moment it is never shorter");
    assert.ok(shard.innocent.count <= shard.delivery.count);
    assert.ok(shard.bytes >= 64 * shard.acked && shard.bytes <= 128 * shard.acked);
    timed += shard.commit.count;
  }
  assert.equal(timed, sendLag.count, "every send of the measured phase was acknowledged and timed");
});

async function dialogsOf(runId: string, seed: number): Promise<string[]> {
  await drive("random", runId, { seed, durationS: 1 });
  const { dialogs } = await client.auditDialogs(runId);
  return dialogs.map(({ shard, dialog, count }) => `${shard} ${dialog} ${count}`).sort();
}

test("the same seed stores the same messages per dialog, another seed others", async () => {
  const first = await dialogsOf("rseedone00", 7);
  assert.deepEqual(await dialogsOf("rseedtwo00", 7), first);
  assert.notDeepEqual(await dialogsOf("rseedthree", 8), first);
});

test("a token of another secret is refused with the remedy", async () => {
  const order = { runId: "rrefused00", scenario: "random", dials, url: server.url, secret: "another", shards };
  await assert.rejects(createNodeDriver().drive(order), { code: "TOKEN_REFUSED", message: /same HOTSHARD_SECRET/ });
});
