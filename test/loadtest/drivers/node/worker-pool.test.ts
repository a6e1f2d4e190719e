import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { audit } from "../../../../loadtest/analysis/audit/audit.ts";
import { judge } from "../../../../loadtest/analysis/verdict/verdict.ts";
import type { DriveOrder } from "../../../../loadtest/drivers/contract.ts";
import type { Measurement } from "../../../../loadtest/measurement/measurement.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { startOwnServer, type OwnServer } from "../../../../loadtest/run/own-server.ts";
import { createServerClient } from "../../../../loadtest/run/server-client.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { mergeHistograms } from "../../../../loadtest/measurement/histogram.ts";
import { unpackHistogram } from "../../../../loadtest/measurement/packed-histogram.ts";
import type { AuditReply } from "../../../../server/protocol/http.ts";
import { workerPids } from "../../../support/worker-pids.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";

const dials = { ...DEFAULT_DIALS, users: 40, rate: 400, durationS: 2, warmupS: 0, offlineShare: 0.2 };
const shards = ["00", "01", "02"];

let folder: string;
let servers: OwnServer[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "hotshard-team-"));
  servers = await Promise.all(
    ["a", "b"].map((name) => startOwnServer(["--shards", "3", "--data", join(folder, name)])),
  );
});

after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

function orderOf(runId: string, generators: number, more: Partial<DriveOrder> = {}): DriveOrder {
  const { url } = servers[generators === 1 ? 0 : 1]!;
  return { runId, scenario: "lady-gaga", dials, url, secret: DEVELOPMENT_SECRET, shards, generators, ...more };
}

async function auditOf(order: DriveOrder): Promise<AuditReply> {
  return createServerClient(order.url, DEVELOPMENT_SECRET).audit(order.runId);
}

/** What the schedule alone decides. */
function made({
  planned,
  sent,
  refused,
  unknown,
  hotOffered,
  offline,
  delivered,
  duplicated,
  reordered,
  ...m
}: Measurement) {
  const sums = shards.map((label) => [m.shards[label]!.acked, m.shards[label]!.sum]);
  const timed = shards.map((label) => {
    const { delivery, service, innocent, commit } = m.shards[label]!;
    return [delivery.count, service.count, innocent.count, commit.count];
  });
  const unsent = m.late + m.notConnected;
  const counts = { planned, sent, refused, unknown, hotOffered, offline, delivered, duplicated, reordered, unsent };
  return { ...counts, sums, timed, lags: m.generator.sendLag.count };
}

test("three generators make the messages of one, and what they measured adds up", async () => {
  const one = await createNodeDriver().drive(orderOf("rteamrun00", 1));
  const progress: number[] = [];
  const order = orderOf("rteamrun00", 3, { onProgress: ({ sent }) => progress.push(sent) });
  const three = await createNodeDriver().drive(order);
  assert.deepEqual(made(three), made(one));
  assert.equal(three.generator.processes, 3);
  assert.deepEqual(three.generator.lost, []);
  assert.ok(three.sent > 500 && three.delivered > 300);
  assert.ok((progress.at(-1) ?? 0) > 0, "the progress is that of all three");

  // The same run id on two servers: equal sums are the same client ids, authors and dialogs.
  const audits = [await auditOf(orderOf("rteamrun00", 1)), await auditOf(order)];
  assert.deepEqual(audits[0], audits[1]);
  assert.equal(audit(three, audits[1]!, []).match, true);

  for (const label of shards) {
    const slices = three.slices.filter(({ shard }) => shard === label);
    assert.deepEqual(new Set(slices.map(({ second }) => second)).size, slices.length, "a second is one slice");
    const whole = mergeHistograms(slices.map((slice) => unpackHistogram(slice.delivery!)));
    assert.deepEqual(whole.buckets, three.shards[label]!.delivery.buckets);
  }
});

for (const generators of [1, 3]) {
  test(`a schedule that ${generators} end early holds what was due until then, and nothing of it is missing`, async () => {
    const cut = new AbortController();
    let seen: Measurement | null = null;
    const onMeasured = (soFar: Measurement) => {
      seen ??= soFar;
      cut.abort();
    };
    const order = orderOf(`rcut${generators}`.padEnd(10, "0"), generators, {
      dials: { ...dials, durationS: 3_600 },
      watch: { everyS: 1, onMeasured },
      cut: cut.signal,
    });
    const measurement = await createNodeDriver().drive(order);
    const { cutAtS, interrupted, late, notConnected, planned, sent, unknown } = measurement;
    assert.ok(cutAtS !== undefined && !interrupted);
    assert.deepEqual([planned, late, notConnected, unknown], [sent, 0, 0, 0]);
    const before = seen as Measurement | null;
    assert.ok(before !== null && before.sent > 0 && before.sent <= sent, `${before?.sent} of ${sent}`);
    const [then, now] = [before, measurement].map((m) => mergeHistograms(Object.values(m.shards).map((s) => s.commit)));
    assert.ok(then!.count > 0 && then!.count <= now!.count, "the look is of all generators");
    assert.equal(audit(measurement, await auditOf(order), []).match, true);
  });
}

test("a message from one process to another is timed by one clock", async () => {
  const { shards: all } = await createNodeDriver().drive(orderOf("rteamclock", 4));
  const service = mergeHistograms(Object.values(all).map((shard) => shard.service));
  // Clocks that start with their processes would differ by tenths of a second, to either side: of two workers that
  // write to each other one would seem to receive before the other has sent.
  assert.ok(service.buckets[0]![0] > 0, "something was received before it was sent");
});

test("a generator that dies makes the run INVALID, and what the others measured is kept", async () => {
  let killed = false;
  const order = orderOf("rteamdeath", 3, {
    onProgress({ sent }) {
      if (killed || sent < 100) return;
      killed = true;
      process.kill(workerPids()[1]!, "SIGKILL");
    },
    dials: { ...dials, durationS: 8 },
  });
  const measurement = await createNodeDriver().drive(order);
  assert.equal(measurement.generator.lost!.length, 1);
  assert.match(measurement.generator.lost![0]!, /^generator \d of 3 ended by itself \(SIGKILL\)$/u);
  assert.ok(measurement.sent > 500, `${measurement.sent} sent by the others`);
  assert.deepEqual(workerPids(), []);

  const audited = audit(measurement, await auditOf(order), []);
  assert.deepEqual([audited.match, audited.lost, audited.extraCopies], [null, 0, 0]);
  const verdict = judge({ measurement, dials: order.dials, askedShare: null, audit: audited, cores: 1 });
  assert.deepEqual([verdict.status, ...verdict.reasons.map(({ code }) => code)], ["INVALID", "GENERATOR_LOST"]);
});

test("a run that cannot begin or is left by all says why, and leaves no process behind", async () => {
  const refused = orderOf("rteambad00", 2, { secret: "another" });
  await assert.rejects(createNodeDriver().drive(refused), { code: "TOKEN_REFUSED" });
  const left = orderOf("rteambad01", 2, {
    dials: { ...dials, durationS: 600 },
    onProgress: () => workerPids().forEach((pid) => process.kill(pid, "SIGKILL")),
  });
  await assert.rejects(createNodeDriver().drive(left), { code: "GENERATORS_LOST", message: /1 of 2 .*2 of 2 / });
  assert.deepEqual(workerPids(), []);
});

test("an interrupt reaches every generator, and the books are closed", async () => {
  const interrupt = new AbortController();
  const order = orderOf("rteamstop0", 2, {
    dials: { ...dials, durationS: 600 },
    signal: interrupt.signal,
    onProgress: ({ sent }) => sent > 100 && interrupt.abort(),
  });
  const measurement = await createNodeDriver().drive(order);
  assert.equal(measurement.interrupted, true);
  const { match, lost } = audit({ ...measurement, interrupted: false }, await auditOf(order), []);
  assert.deepEqual([match, lost], [true, 0]);
});

test("a generator whose lanes have nothing to send hears what the others send until the schedule's end", async () => {
  // Three dialogs of three lanes in sixteen: the fourth generator has none of them, and readers of the others' messages.
  const dialsOfFew = { ...dials, users: 200, rate: 100, durationS: 2.5, offlineShare: 0, keys: 3 };
  const order = orderOf("rteamquiet", 4, { scenario: "zipf", dials: dialsOfFew });
  // With less patience than the schedule is long.
  const { unsent, ...counts } = made(await createNodeDriver(2_000).drive(order));
  assert.ok(counts.sent > 150);
  assert.deepEqual([counts.delivered, counts.unknown + counts.refused + unsent], [counts.sent, 0]);
});
