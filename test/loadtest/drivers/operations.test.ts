import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Driver } from "../../../loadtest/drivers/contract.ts";
import { createK6Driver } from "../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import type { Measurement } from "../../../loadtest/measurement/measurement.ts";
import { isKept, type MessageOperation, type OperationsHead } from "../../../loadtest/measurement/operations.ts";
import { startOwnServer } from "../../../loadtest/run/own-server.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../support/k6.ts";
import { temporaryFolder } from "../../support/server.ts";

interface Driven {
  readonly measurement: Measurement;
  /** Of each generator. */
  readonly heads: readonly OperationsHead[];
  readonly operations: readonly MessageOperation[];
}

async function drive(t: TestContext, driver: Driver, share: number, generators = 1): Promise<Driven> {
  const folder = temporaryFolder();
  const server = await startOwnServer(["--data", join(folder, "data")]);
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const measurement = await driver.drive({
    runId: "operations",
    scenario: "random",
    dials: { ...DEFAULT_DIALS, users: 40, rate: 150, warmupS: 0.2, durationS: 2 },
    url: server.url,
    secret: DEVELOPMENT_SECRET,
    shards: ["00", "01", "02", "03"],
    generators,
    operations: { folder, share },
  });
  const files = readdirSync(folder).filter((name) => name.startsWith("operations-"));
  const lines = files.toSorted().map((name) =>
    gunzipSync(readFileSync(join(folder, name)))
      .toString()
      .trim()
      .split("\n"),
  );
  return {
    measurement,
    heads: lines.map(([head]) => JSON.parse(head!) as OperationsHead),
    operations: lines.flatMap((all) => all.slice(1).map((line) => JSON.parse(line) as MessageOperation)),
  };
}

const nameOf = ([, , author, to, seq]: MessageOperation): string => `${author}-${to}-${seq}`;
const of = (code: string, operations: readonly MessageOperation[]): MessageOperation[] =>
  operations.filter((operation) => operation[0] === code);

const invoked = ({ operations }: Driven): string[] => of("i", operations).map(nameOf).toSorted();

/** Whatever the machine did: each message that was sent has one end, after its beginning, and is received after that. */
function assertWhole({ measurement, operations }: Driven, share: number): void {
  const sentAt = new Map(of("i", operations).map((operation) => [nameOf(operation), operation[1]]));
  const ends = operations.filter(([code]) => code === "a" || code === "f" || code === "u");
  assert.deepEqual(ends.map(nameOf).toSorted(), [...sentAt.keys()].toSorted());
  const ids = new Map(of("a", operations).map((operation) => [nameOf(operation), operation[5]]));
  const texts = new Map(of("i", operations).map((operation) => [nameOf(operation), operation[5]]));
  for (const operation of operations) {
    assert.ok(isKept(operation[2], operation[3], share), nameOf(operation));
    // A process for each generator: their clocks agree to a few milliseconds.
    assert.ok(operation[1] >= sentAt.get(nameOf(operation))! - 50, `${nameOf(operation)} ended before it began`);
    if (operation[0] === "r") assert.equal(operation[6], texts.get(nameOf(operation)), "as it was sent");
    if (operation[0] === "r" && ids.has(nameOf(operation))) assert.equal(operation[5], ids.get(nameOf(operation)));
  }
  assert.ok(measurement.generator.floor!.count > 0, "actions of nothing were timed");
  if (share < 1) return;
  const acked = Object.values(measurement.shards).reduce((sum, shard) => sum + shard.acked, 0);
  assert.equal(sentAt.size, measurement.sent);
  assert.equal(of("a", operations).length, acked);
  assert.equal(of("r", operations).length, measurement.delivered + measurement.duplicated);
  // Two seconds of an action of nothing every 53.7 ms: none of them is counted as a message.
  assert.equal(measurement.planned, sentAt.size + measurement.notConnected);
}

test("the Node driver writes every operation, of several generators a file each, or those of some dialogs", async (t) => {
  const [all, split, some] = [
    await drive(t, createNodeDriver(), 1),
    await drive(t, createNodeDriver(), 1, 2),
    await drive(t, createNodeDriver(), 0.3),
  ];
  assertWhole(all, 1);
  assertWhole(split, 1);
  assertWhole(some, 0.3);
  assert.deepEqual(all.heads, [{ version: 2, run: "operations", share: 1 }]);
  assert.equal(split.heads.length, 2);
  const kept = of("i", all.operations).filter(([, , author, to]) => isKept(author, to, 0.3));
  assert.deepEqual(of("i", some.operations).map(nameOf).toSorted(), kept.map(nameOf).toSorted());
  assert.ok(kept.length > 0 && kept.length < of("i", all.operations).length);
});

test("k6 keeps the same dialogs as the Node driver", { skip: skipWithoutK6 }, async (t) => {
  const [byNode, byK6] = [await drive(t, createNodeDriver(), 0.5), await drive(t, createK6Driver(), 0.5)];
  assertWhole(byK6, 0.5);
  if (byNode.measurement.notConnected + byK6.measurement.notConnected === 0) {
    assert.deepEqual(invoked(byK6), invoked(byNode));
  }
});

test("a share of the dialogs is that share, whole dialogs, and a part of every larger share", () => {
  let kept = 0;
  for (let i = 1; i <= 20_000; i++) {
    const [author, to] = [i, 30_000 - i];
    assert.equal(isKept(author, to, 0.2), isKept(to, author, 0.2), "both directions of a dialog");
    if (isKept(author, to, 0.2)) assert.ok(isKept(author, to, 0.5) && isKept(author, to, 1));
    if (isKept(author, to, 0.2)) kept += 1;
  }
  // Five standard deviations.
  assert.ok(Math.abs(kept - 4_000) < 5 * Math.sqrt(20_000 * 0.2 * 0.8), String(kept));
});
