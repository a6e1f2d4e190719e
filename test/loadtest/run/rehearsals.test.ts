import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Result } from "../../../loadtest/analysis/result/result.ts";
import type { Driver } from "../../../loadtest/drivers/contract.ts";
import { createK6Driver } from "../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { executeRun } from "../../../loadtest/run/run.ts";
import { parseDials } from "../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../loadtest/traffic/stories/registry.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../support/k6.ts";
import { MARIADB_REMEDY, startMariadbs, type Mariadb } from "../../support/mariadb.ts";
import { assertMeasured } from "../../support/measured.ts";
import { need } from "../../support/need.ts";

/** Soon taken out, soon back. */
const FAILOVER = ["--failover", "auto", "--dead-ms", "1000", "--well-ms", "1000"];
const TRAFFIC = { users: "60", rate: "150", duration: "12s", warmup: "500ms" };
/** Long enough for a busy machine to find out, and to find its way back before the end. */
const LOSS = { loss: "5s" };

const databases = await startMariadbs(4);
const noDatabases = need("mariadbd", databases, MARIADB_REMEDY);
let folder = "";
before(async () => void (folder = await mkdtemp(join(tmpdir(), "hotshard-rehearsals-"))));
after(async () => {
  await Promise.all((databases ?? []).map((database) => database.stop()));
  await rm(folder, { recursive: true, force: true });
});

interface Rehearsed {
  readonly scenario: "reshard" | "shard-loss";
  readonly name: string;
  readonly driver: Driver;
  readonly dials?: Readonly<Record<string, string>>;
  readonly shards?: string;
  readonly add?: string;
}

async function rehearse({ add, dials = {}, driver, name, scenario, shards = "4" }: Rehearsed): Promise<Result> {
  const parsed = parseDials(findScenario(scenario)!, { ...TRAFFIC, ...(scenario === "shard-loss" && LOSS), ...dials });
  assert.ok(!("faults" in parsed), JSON.stringify(parsed));
  return executeRun({
    scenario,
    dials: parsed.dials,
    driver,
    secret: DEVELOPMENT_SECRET,
    url: null,
    serverArgs: ["--shards", shards, ...FAILOVER],
    out: join(folder, name),
    command: `hotshard run ${scenario}`,
    operations: 1,
    ...(add !== undefined && { add }),
  });
}

/** Nothing is lost, and everything is where it belongs, whatever the machine did to the latencies. */
function assertKept(t: TestContext, { audit, epochs = [], failures, placed, traffic, verdict }: Result): void {
  assertMeasured(t, { verdict });
  assert.deepEqual([audit.match, audit.lost, audit.duplicated, audit.undelivered, audit.twins], [true, 0, 0, 0, 0]);
  assert.equal(traffic.acked, traffic.planned, JSON.stringify(failures));
  assert.deepEqual([placed?.match, placed?.messages], [true, traffic.acked]);
  const { lost, vanished, stale, duplicated, reordered, phantom, unread, messages } = audit.history!;
  assert.deepEqual([lost, vanished, stale, duplicated, reordered, phantom, unread], [0, 0, 0, 0, 0, 0, 0]);
  assert.equal(messages, traffic.planned);
  for (const { acked, stored } of epochs) assert.equal(acked, stored, JSON.stringify(epochs));
  assert.equal(
    epochs.reduce((sum, { stored }) => sum + stored, 0),
    traffic.acked,
  );
}

function assertLoss(t: TestContext, result: Result): void {
  assertKept(t, result);
  const { changes = [], epochs = [], outages, stalls, traffic } = result;
  assert.deepEqual(
    changes.map(({ kind, shard }) => `${kind} ${shard}`),
    ["lost 01", "take-out 01", "back 01", "put-back 01", "shown 01"],
  );
  assert.deepEqual(outages, [], "no message is left without an answer");
  assert.ok(traffic.resent! > 0 && (traffic.errors?.["SHARD_UNAVAILABLE"] ?? 0) > 0, JSON.stringify(traffic));
  const [lost, takenOut, , putBack] = changes;
  for (const change of [takenOut, putBack]) {
    const { ideal, moved } = change!.keys!;
    assert.ok(Math.abs(ideal - 0.25) < 1e-9 && Math.abs(moved - ideal) < 0.08, `${moved} moved, ideal ${ideal}`);
  }
  // While it was out it got nothing.
  const onLost = epochs.map(({ shards }) => shards.find(({ shard }) => shard === "01")?.stored ?? 0);
  assert.ok(onLost[0]! > 0 && onLost[1] === 0, JSON.stringify(epochs));
  assert.ok(stalls!.max >= 900 && stalls!.p50 < stalls!.max && stalls!.dialogs > 50, JSON.stringify(stalls));
  assert.ok(takenOut!.atS > lost!.atS && takenOut!.atS < putBack!.atS);
}

function assertGrowth(t: TestContext, result: Result): void {
  assertKept(t, result);
  const { changes = [], server, shards } = result;
  const [added, rebalance] = changes;
  assert.deepEqual([added?.kind, added?.shard, rebalance?.kind], ["add", "04", "rebalance"]);
  const { forecast = 1, ideal, moved } = added!.keys!;
  assert.ok(Math.abs(ideal - 0.2) < 1e-9 && Math.abs(forecast - 0.2) < 0.01, JSON.stringify(added));
  assert.ok(Math.abs(moved - 0.2) < 0.08, `${moved}`);
  assert.equal(server.shards, 5);
  const { acked, stored } = shards.find(({ label }) => label === "04")!;
  assert.ok(stored! > acked, `${acked} were written there, and ${stored} are there after the rebalance`);
  assert.ok(Math.abs(shards.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
  assert.ok(result.skew.maxOverMean < 1.4, "the whole of it is spread anew");
}

describe("SQLite", () => {
  test("shard-loss", async (t) => {
    const result = await rehearse({ scenario: "shard-loss", name: "loss", driver: createNodeDriver() });
    assertLoss(t, result);
    assert.equal(result.server.shaped, "one lost on command");
    const page = await readFile(join(folder, "loss", "report.html"), "utf8");
    for (const words of ["The shards change", "shard 01 is taken out", "Longest wait for an acknowledgement"])
      assert.ok(page.includes(words), words);
  });

  test("reshard, with a hot dialog and a shard that is drained", async (t) => {
    const dials = { traffic: "lady-gaga", "hot-share": "0.2", drain: "02" };
    const result = await rehearse({ scenario: "reshard", name: "grow", driver: createNodeDriver(), dials });
    assertKept(t, result);
    const kinds = result.changes!.map(({ kind, shard = "" }) => `${kind} ${shard}`.trim());
    assert.deepEqual(kinds, ["add 04", "rebalance", "drain 02", "rebalance"]);
    assert.equal(result.shards.find(({ label }) => label === "02")!.stored, 0, "it is empty, and may be removed");
    assert.ok(Math.abs(result.traffic.topDialogShare.realised - 0.2) < 0.08);
  });

  test("a shard that the server would not take is refused before anything is driven", async () => {
    const shards = [0, 1].map((number) => `sqlite:${join(folder, `refused-${number}.db`)}`);
    await assert.rejects(
      rehearse({
        scenario: "reshard",
        name: "refused",
        driver: createNodeDriver(),
        shards: shards.join(","),
        add: shards[1]!,
      }),
      (error: unknown) => {
        assert.equal((error as { code?: string }).code, "SHARD_EXISTS");
        return true;
      },
    );
    await assert.rejects(readFile(join(folder, "refused", "result.json")), { code: "ENOENT" });
  });

  test("both by k6", { skip: skipWithoutK6 }, async (t) => {
    assertLoss(t, await rehearse({ scenario: "shard-loss", name: "loss-k6", driver: createK6Driver() }));
    assertGrowth(t, await rehearse({ scenario: "reshard", name: "grow-k6", driver: createK6Driver() }));
  });
});

const urls = (all: readonly Mariadb[], name: string) => all.map((database) => database.url(name)).join(",");
const shards = (name: string) => ({ shards: urls(databases!, name), add: databases![0]!.url(`${name}_more`) });

describe("four MariaDB servers", { skip: noDatabases }, () => {
  test("a shard that the network loses", async (t) => {
    const { shards: lost } = shards("loss");
    assertLoss(t, await rehearse({ scenario: "shard-loss", name: "lost", driver: createNodeDriver(), shards: lost }));
  });

  test("one shard more", async (t) => {
    assertGrowth(
      t,
      await rehearse({ scenario: "reshard", name: "more", driver: createNodeDriver(), ...shards("grow") }),
    );
  });

  test("both by k6", { skip: skipWithoutK6 }, async (t) => {
    const { shards: lost } = shards("loss_k6");
    assertLoss(t, await rehearse({ scenario: "shard-loss", name: "lost-k6", driver: createK6Driver(), shards: lost }));
    const more = { scenario: "reshard", name: "more-k6", driver: createK6Driver(), ...shards("grow_k6") } as const;
    assertGrowth(t, await rehearse(more));
  });
});
