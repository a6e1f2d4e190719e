import assert from "node:assert/strict";
import { test } from "node:test";
import { openAlertStage } from "../../bench/alert-stage.ts";
import { findProgram, MARIADB, PROMETHEUS } from "../../tools/stack/programs.ts";
import { MARIADB_REMEDY } from "../support/mariadb.ts";
import { need } from "../support/need.ts";

const HOT = ["ChatHotDialog", "ChatHotShard"];
const DIALS = ["--rate", "300", "--users", "300", "--driver", "node"];
const skip =
  need("mariadbd", await findProgram(MARIADB), MARIADB_REMEDY) ||
  need("prometheus", await findProgram(PROMETHEUS), "apt-get install prometheus");

/**
 * `npm run bench:alerts` does the same with ten minutes of random traffic, and sees the alerts resolve. Asked when the
 * alerts know all of a run: before that what they say depends on which shard's counter happened to be read ahead.
 */
test("on a real stack one hot dialog fires both hot alerts, and random traffic none", { skip }, async (t) => {
  const stage = await openAlertStage(() => {});
  t.after(() => stage.strike());
  const { history } = stage;
  const even = await stage.play("random", [...DIALS, "--duration", "10s"]);
  await history.knows(even.to);
  assert.equal(await history.stored(), even.result.audit.stored, "Prometheus saw the run");
  assert.deepEqual(await history.firing(HOT), []);
  const hotDialogs = (await history.firings(even.from, Date.now() / 1_000)).filter(({ alert }) => alert === HOT[0]);
  assert.deepEqual(hotDialogs, [], "no dialog was hot at any moment");

  const hot = await stage.play("lady-gaga", [...DIALS, "--duration", "15s"]);
  await history.knows(hot.to);
  const fired = await history.firing(HOT);
  assert.deepEqual(fired.map(({ alert }) => alert).sort(), HOT);
  const { shard } = hot.result.hotDialogs[0]!;
  assert.equal(fired.find(({ alert }) => alert === "ChatHotShard")!.labels["shard"], shard);
});
