import assert from "node:assert/strict";
import { test } from "node:test";
import { VERDICT_LIMITS } from "../../../../../loadtest/analysis/verdict/verdict.ts";
import { MAX_LAG_MS, readSettings } from "../../../../../loadtest/drivers/k6/script/settings.ts";
import { findScenario } from "../../../../../loadtest/traffic/stories/registry.ts";
import { DEVELOPMENT_SECRET } from "../../../../../server/protocol/secret.ts";

const ladyGaga = findScenario("lady-gaga")!;

test("without a word a script drives a development server on loopback", () => {
  const settings = readSettings(ladyGaga, {});
  assert.equal(settings.url, "ws://127.0.0.1:8086/chat");
  assert.equal(settings.secret, DEVELOPMENT_SECRET);
  assert.equal(settings.labels.length, 64);
  assert.deepEqual([settings.labels[0], settings.labels[63]], ["00", "63"]);
  assert.equal(settings.runId, null);
});

test("dials in capitals and the server's own labels are taken", () => {
  const settings = readSettings(ladyGaga, { HOT_SHARE: "0.25", DURATION: "1m", SHARD_LABELS: "00,01", VUS: "2" });
  assert.equal(settings.dials.hotShare, 0.25);
  assert.equal(settings.dials.durationS, 60);
  assert.deepEqual(settings.labels, ["00", "01"]);
  assert.equal(settings.vus, 2);
});

test("everything that is wrong is told at once", () => {
  const bad = { USERS: "x", URL: "http://127.0.0.1/chat", VUS: "0", DRAIN: "soon", MAX_LAG_MS: "-1" };
  assert.throws(() => readSettings(ladyGaga, bad), /users .*URL .*VUS .*MAX_LAG_MS .*DRAIN/u);
});

test("the public secret does not leave the machine unasked", () => {
  const url = "ws://chat.example/chat";
  assert.throws(() => readSettings(ladyGaga, { URL: url }), /HOTSHARD_SECRET/u);
  assert.throws(() => readSettings(ladyGaga, { URL: "ws://127.0.0.1.example/chat" }), /HOTSHARD_SECRET/u);
  assert.equal(readSettings(ladyGaga, { URL: url, HOTSHARD_DEV: "1" }).secretIsPublic, true);
  assert.equal(readSettings(ladyGaga, { URL: url, HOTSHARD_SECRET: "our own" }).secretIsPublic, false);
  assert.equal(readSettings(ladyGaga, { URL: "ws://[::1]:8086/chat" }).secretIsPublic, true);
});

test("k6 and `hotshard run` believe a generator up to the same lag", () => {
  assert.equal(MAX_LAG_MS, VERDICT_LIMITS.sendLagMs);
});
