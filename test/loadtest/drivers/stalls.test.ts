import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { lowerEdgeOf, mergeHistograms, quantileOf } from "../../../loadtest/measurement/histogram.ts";
import type { Measurement } from "../../../loadtest/measurement/measurement.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { startServer } from "../../support/server.ts";
import { workerPids } from "../../support/worker-pids.ts";

const RATE = 150;
const STALL_MS = 3_000;
/** What nothing but the stall does: no message waits so long, also on a busy machine. */
const LONG_MS = 1_000;
/** Messages that are due so early in the stall that they wait long, to readers who connect. */
const EXPECTED = (RATE * (STALL_MS - LONG_MS) * (1 - DEFAULT_DIALS.offlineShare)) / 1_000;
/** A machine that stalls by itself for seconds stalls generator and server alike. */
const TRIES = 4;

const SHARDS = ["00", "01"];

/** Samples that took long, of all shards. */
function long({ shards }: Measurement, name: "delivery" | "service"): number {
  const { buckets } = mergeHistograms(Object.values(shards).map((shard) => shard[name]));
  return buckets.reduce((sum, [index, count]) => sum + (lowerEdgeOf(index) >= LONG_MS ? count : 0), 0);
}

/** Drives a server with two processes, stops one side for three seconds in the middle of it, and ends. */
async function stalled(t: TestContext, side: "generator" | "server"): Promise<Measurement> {
  const server = await startServer({ args: ["--shards", String(SHARDS.length)] });
  t.after(() => server.stop());
  const cut = new AbortController();
  let isStalled = false;
  const stall = async () => {
    const pids = side === "server" ? [server.pid] : workerPids();
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    await sleep(STALL_MS);
    for (const pid of pids) process.kill(pid, "SIGCONT");
    await sleep(LONG_MS);
    cut.abort();
  };
  return createNodeDriver().drive({
    runId: `stall${side}`.slice(0, 10).padEnd(10, "0"),
    scenario: "random",
    dials: { ...DEFAULT_DIALS, users: 40, rate: RATE, durationS: 3_600, warmupS: 0 },
    url: server.chat,
    secret: DEVELOPMENT_SECRET,
    shards: SHARDS,
    generators: 2,
    cut: cut.signal,
    onProgress({ sent }) {
      if (isStalled || sent < RATE / 2) return;
      isStalled = true;
      void stall();
    },
  });
}

/** Tries again when the machine had a stall of its own. */
async function unlessBusy(t: TestContext, side: "generator" | "server", isClear: (m: Measurement) => boolean) {
  for (let left = TRIES; ; left -= 1) {
    const measurement = await stalled(t, side);
    if (isClear(measurement) || left === 1) return measurement;
    t.diagnostic(`this busy machine had stalls of its own, so the ${side}'s is tried again`);
  }
}

test("a stall of the generator shows in delivery, which users wait, and not in service, which a naive tool reports", async (t) => {
  const measurement = await unlessBusy(t, "generator", (m) => long(m, "service") < long(m, "delivery") / 4);
  const [delivery, service] = [long(measurement, "delivery"), long(measurement, "service")];
  assert.ok(delivery > EXPECTED / 2, `${delivery} deliveries waited long, ${EXPECTED} were due`);
  // Those that were under way when it stopped are read only afterwards.
  assert.ok(service < delivery / 4, `${service} of ${delivery}`);
  assert.ok(quantileOf(measurement.generator.sendLag, 0.99) > LONG_MS, "and the verdict's send lag says whose it was");
});

test("a stall of the server shows in both", async (t) => {
  const measurement = await unlessBusy(t, "server", (m) => long(m, "service") > long(m, "delivery") / 2);
  const [delivery, service] = [long(measurement, "delivery"), long(measurement, "service")];
  assert.ok(delivery > EXPECTED / 2, `${delivery} deliveries waited long, ${EXPECTED} were due`);
  assert.ok(service > delivery / 2, `${service} of ${delivery}`);
  assert.equal(measurement.unknown + measurement.notConnected, 0, "everything was answered in the end");
});
