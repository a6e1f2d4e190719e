import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sum } from "d3-array";
import { gapDistance } from "../../../../../loadtest/analysis/verdict/arrival-gaps.ts";
import type { Driver, DriveOrder, Progress } from "../../../../../loadtest/drivers/contract.ts";
import type { Measurement } from "../../../../../loadtest/measurement/measurement.ts";
import { createK6Driver } from "../../../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../../../loadtest/drivers/node/driver.ts";
import { startOwnServer, type OwnServer } from "../../../../../loadtest/run/own-server.ts";
import { createServerClient } from "../../../../../loadtest/run/server-client.ts";
import type { Dials } from "../../../../../loadtest/traffic/contract.ts";
import { mergeLanes } from "../../../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../../../loadtest/traffic/dials.ts";
import { unpackHistogram } from "../../../../../loadtest/measurement/packed-histogram.ts";
import { findScenario } from "../../../../../loadtest/traffic/stories/registry.ts";
import { DEVELOPMENT_SECRET } from "../../../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../../../support/k6.ts";
import { startFakeChat, type Sent } from "../../fake-chat.ts";

const SHARDS = ["00", "01", "02", "03"];

/** What must not depend on the driver. */
function counts({ planned, sent, refused, unknown, hotOffered, delivered, offline, shards }: Measurement): object {
  const byShard = SHARDS.map((label) => {
    const { acked, delivery, service, innocent, commit } = shards[label]!;
    return [acked, delivery.count, service.count, innocent.count, commit.count];
  });
  return { planned, sent, refused, unknown, hotOffered, delivered, offline, byShard };
}

function plannedBy(scenario: string, dials: Dials): number {
  const next = mergeLanes(findScenario(scenario)!.make(dials).lanes());
  let planned = 0;
  while (next() !== null) planned += 1;
  return planned;
}

async function drive(driver: Driver, order: DriveOrder): Promise<Measurement> {
  return driver.drive(order);
}

describe("the k6 driver", { skip: skipWithoutK6 }, () => {
  let data: string;
  let server: OwnServer;
  before(async () => {
    data = await mkdtemp(join(tmpdir(), "hotshard-k6-test-"));
    server = await startOwnServer(["--data", data]);
  });
  after(async () => {
    await server?.stop();
    await rm(data, { recursive: true, force: true });
  });

  function orderOf(runId: string, more: Partial<DriveOrder> = {}): DriveOrder {
    const dials = { ...DEFAULT_DIALS, users: 50, rate: 300, durationS: 2, warmupS: 0.5 };
    return {
      runId,
      scenario: "lady-gaga",
      dials,
      url: server.url,
      secret: DEVELOPMENT_SECRET,
      shards: SHARDS,
      ...more,
    };
  }

  test("users who are connected only after the start were away until then", async (t) => {
    const chat = await startFakeChat((sent) => (sent.ack(), sent.deliver()));
    t.after(() => chat.stop());
    // The machine's slowness, as a setting: nobody waits until everybody may be connected.
    process.env["CONNECT"] = "0s";
    t.after(() => delete process.env["CONNECT"]);
    const dials = { ...DEFAULT_DIALS, users: 8, offlineShare: 0, rate: 50, durationS: 1, warmupS: 0 };
    const { absences } = await drive(createK6Driver(), orderOf("k6late0001", { dials, url: chat.url, shards: ["00"] }));
    assert.deepEqual(new Set(absences.map(({ user }) => user)), new Set([1, 2, 3, 4, 5, 6, 7, 8]));
    for (const { fromMs, untilMs } of absences) assert.ok(fromMs === 0 && untilMs! > 0);
  });

  test("a closed connection comes back, as in the Node driver", async (t) => {
    const abort = new AbortController();
    let lost = 0;
    const chat = await startFakeChat((sent) => {
      if (sent.number === 30) {
        lost = sent.author;
        sent.close(4101);
        return;
      }
      sent.ack();
      sent.deliver();
      if (chat.connections === 5 && sent.author === lost) abort.abort();
    });
    t.after(() => chat.stop());
    // Far longer than it takes: who does not come back runs to the end.
    const dials = { ...DEFAULT_DIALS, users: 4, offlineShare: 0, rate: 200, durationS: 60, warmupS: 0 };
    const order = orderOf("k6back0001", { dials, url: chat.url, shards: ["00"], signal: abort.signal });
    const { interrupted } = await drive(createK6Driver(), order);
    assert.deepEqual([interrupted, chat.connections], [true, 5]);
  });

  test("counts what the Node driver counts, and the databases hold the same set", async () => {
    const progress: Progress[] = [];
    const order = orderOf("k6driver01", { onProgress: (one) => progress.push(one) });
    const measured = await drive(createK6Driver(), order);
    assert.deepEqual(counts(measured), counts(await drive(createNodeDriver(), orderOf("nodedrive1"))));
    const audit = await createServerClient(server.url, DEVELOPMENT_SECRET).audit("k6driver01");
    const own = SHARDS.map((shard) => ({
      shard,
      rows: measured.shards[shard]?.acked,
      sum: measured.shards[shard]?.sum,
    }));
    assert.deepEqual(audit.shards, own);
    const sliced = measured.slices.reduce((sum, slice) => sum + slice.acked, 0);
    assert.equal(sliced, measured.sent);
    for (const [label, { delivery, commit }] of Object.entries(measured.shards)) {
      const own = measured.slices.filter(({ shard }) => shard === label);
      const samples = own.map((slice) => [
        unpackHistogram(slice.delivery!).count,
        unpackHistogram(slice.commit!).count,
      ]);
      assert.equal(
        sum(samples, ([count]) => count),
        delivery.count,
      );
      assert.equal(
        sum(samples, ([, count]) => count),
        commit.count,
      );
    }
    assert.deepEqual([measured.duplicated, measured.reordered, measured.notConnected], [0, 0, 0]);
    assert.ok(measured.generator.sendLag.count > 0 && measured.generator.handlerLag.count > 0);
    assert.ok((progress.at(-1)?.sent ?? 0) > 0, "tells how far it is");
    assert.ok(progress.at(-1)!.p99Ms!.delivery > 0, "and how late");
    const { distance, tolerance, gaps } = gapDistance(measured.generator.gaps!);
    assert.equal(gaps, measured.sent);
    assert.ok(distance < tolerance, `${distance}`);
  });

  test("an interrupted run ends soon and keeps what was measured", async () => {
    const interrupt = new AbortController();
    const dials = { ...orderOf("").dials, durationS: 600 };
    const measured = await drive(
      createK6Driver(),
      orderOf("k6driver02", {
        dials,
        signal: interrupt.signal,
        onProgress: ({ sent }) => {
          if (sent > 200) interrupt.abort();
        },
      }),
    );
    assert.equal(measured.interrupted, true);
    const acked = SHARDS.reduce((sum, label) => sum + (measured.shards[label]?.acked ?? 0), 0);
    assert.ok(acked > 0);
    assert.equal(measured.sent, acked + measured.refused + measured.unknown);
  });

  test("a VU whose lanes have nothing to send hears what the others send until the schedule's end", async () => {
    // Three dialogs of three lanes in sixteen: the fourth VU has none of them, and readers of the others' messages.
    const dials = { ...DEFAULT_DIALS, users: 200, rate: 100, durationS: 3, warmupS: 0, keys: 3 };
    const measured = await drive(createK6Driver(), orderOf("k6driver05", { scenario: "zipf", dials }));
    const { sent, delivered, unknown, refused, notConnected } = measured;
    assert.ok(sent > 200);
    assert.deepEqual([delivered, unknown + refused + notConnected], [sent, 0]);
  });

  test("handlers are timed in the measured phase, and not in the quiet drain, by either driver", async (t) => {
    const dials = { ...DEFAULT_DIALS, users: 20, rate: 40, durationS: 0.5, warmupS: 0, offlineShare: 0, hotShare: 0.4 };
    const planned = plannedBy("lady-gaga", dials);
    for (const driver of [createNodeDriver(), createK6Driver()]) {
      const waiting: Sent[] = [];
      // The answers come when all is sent, and so much later that the schedule is over.
      const chat = await startFakeChat((sent) => {
        if (waiting.push(sent) === planned) setTimeout(answerAll, 2 * dials.durationS * 1_000);
      });
      const answerAll = () => {
        for (const sent of waiting) {
          sent.ack();
          sent.deliver();
        }
      };
      t.after(() => chat.stop());
      const more = { dials, url: chat.url, shards: ["00"] };
      const { sent, delivered, generator } = await drive(driver, orderOf(`slow${driver.name.padEnd(6, "0")}`, more));
      assert.deepEqual([sent, delivered], [planned, planned]);
      assert.equal(generator.handlerLag.count, 0, driver.name);
    }
  });

  test("a run that cannot begin says why", async () => {
    const dead = orderOf("k6driver03", { url: "ws://127.0.0.1:9/chat" });
    await assert.rejects(drive(createK6Driver(), dead), { code: "UNREACHABLE" });
    const forged = orderOf("k6driver04", { secret: "not the server's secret" });
    await assert.rejects(drive(createK6Driver(), forged), { code: "TOKEN_REFUSED" });
  });
});
