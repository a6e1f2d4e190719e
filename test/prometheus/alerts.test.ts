import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openAlertStage } from "../../bench/alert-stage.ts";
import { findProgram, MARIADB, PROMETHEUS } from "../../loadtest/programs.ts";
import { MARIADB_REMEDY } from "../support/mariadb.ts";
import { need } from "../support/need.ts";

const HOT = ["ChatHotDialog", "ChatHotShard"];
const DIALS = ["--rate", "300", "--users", "300", "--driver", "node"];
const PATIENCE_S = 30;
const skip =
  need("mariadbd", await findProgram(MARIADB), MARIADB_REMEDY) ||
  need("prometheus", await findProgram(PROMETHEUS), "apt-get install prometheus");

/** `npm run bench:alerts` does the same with ten minutes of random traffic, and sees the alerts resolve. */
test("on a real stack one hot dialog fires both hot alerts, and random traffic none", { skip }, async (t) => {
  const stage = await openAlertStage(() => {});
  t.after(() => stage.strike());
  const firedSince = async (from: number) => {
    const firings = await stage.history.firings(from, Date.now() / 1_000);
    return firings.filter(({ alert }) => HOT.includes(alert));
  };
  const even = await stage.play("random", [...DIALS, "--duration", "10s"]);
  assert.ok((await stage.history.firstMessage(even.from, even.to)) !== null, "Prometheus saw the run");
  assert.deepEqual(await firedSince(even.from), []);

  const hot = await stage.play("lady-gaga", [...DIALS, "--duration", "15s"]);
  let fired = await firedSince(hot.from);
  while (fired.length < HOT.length && Date.now() / 1_000 < hot.to + PATIENCE_S) {
    await delay(500);
    fired = await firedSince(hot.from);
  }
  assert.deepEqual(fired.map(({ alert }) => alert).sort(), HOT);
  const { shard } = hot.result.hotDialogs[0]!;
  assert.equal(fired.find(({ alert }) => alert === "ChatHotShard")!.labels["shard"], shard);
});
