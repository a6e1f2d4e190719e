import assert from "node:assert/strict";
import { test } from "node:test";
import { expectedTraffic } from "../../../../loadtest/analysis/skew/expected-traffic.ts";
import { mergeLanes } from "../../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";

const topology = singleSegment({ labels: ["00", "01", "02", "03"], placement: "slots" });
const dials = { ...DEFAULT_DIALS, rate: 500, durationS: 10, warmupS: 5, offlineShare: 0.2, hotShare: 0.4 };

const sum = (traffic: ReturnType<typeof expectedTraffic>, name: "messages" | "deliveries" | "innocents") =>
  [...traffic.byShard.values()].reduce((total, shard) => total + shard[name], 0);

test("counts the measured messages of the very schedule: to whom, hot or not, on which shard", () => {
  const story = findScenario("lady-gaga")!.make(dials);
  const traffic = expectedTraffic(story, dials, topology);
  const next = mergeLanes(story.lanes());
  const truth = { all: 0, messages: 0, deliveries: 0, innocents: 0 };
  for (let planned = next(); planned !== null; planned = next()) {
    truth.all += 1;
    if (planned.at < 5_000) continue;
    truth.messages += 1;
    if (planned.target > story.online) continue;
    truth.deliveries += 1;
    if (!story.isHot(planned.user, planned.target)) truth.innocents += 1;
  }
  const { all, ...counts } = truth;
  assert.equal(traffic.messages, all);
  for (const [name, count] of Object.entries(counts))
    assert.equal(sum(traffic, name as keyof typeof counts), count, name);
  const hottest = Math.max(...[...traffic.byShard.values()].map(({ messages }) => messages));
  assert.ok(hottest > 0.5 * truth.messages && hottest < 0.6 * truth.messages, "the hot dialog's shard");
  assert.equal(traffic.hot, true);
});

test("of a long schedule the beginning is placed, and the rest is taken to be like it", () => {
  const long = { ...dials, durationS: 3_000 };
  const traffic = expectedTraffic(findScenario("random")!.make(long), long, topology);
  assert.ok(Math.abs(sum(traffic, "messages") / (500 * 3_000) - 1) < 0.02);
  assert.equal(traffic.messages, 500 * 3_005);
  assert.equal(traffic.hot, false);
});

test("a warm-up of more messages than are placed leaves the measured phase as it is", () => {
  const hasty = { ...dials, rate: 50_000 };
  const traffic = expectedTraffic(findScenario("lady-gaga")!.make(hasty), hasty, topology);
  const messages = sum(traffic, "messages");
  assert.ok(Math.abs(messages / 500_000 - 1) < 0.01, `${messages}`);
  assert.ok(Math.abs(sum(traffic, "innocents") / messages - 0.6 * 0.8) < 0.02, `${sum(traffic, "innocents")}`);
});

test("of a long ramp the measured phase has its messages, though the warm-up has few", () => {
  const ramp = { ...dials, arrivals: "ramp:100..900/1000s", durationS: 1_000, warmupS: 500 };
  const traffic = expectedTraffic(findScenario("random")!.make(ramp), ramp, topology);
  assert.ok(Math.abs(sum(traffic, "messages") / 500_000 - 1) < 0.001, String(sum(traffic, "messages")));
  assert.equal(traffic.messages, 550_000);
});

function expectedOf(arrivals: string) {
  const closed = { ...dials, arrivals };
  return expectedTraffic(findScenario("random")!.make(closed), closed, topology);
}

test("of a closed model what it can send at most is expected: what every answer at once would make", () => {
  const paused = expectedOf("closed:10/think=100ms,even");
  assert.ok(Math.abs(sum(paused, "messages") - 1_000) <= 10 && Math.abs(paused.messages - 1_500) <= 10);
  assert.ok(Math.abs(paused.perS - 100) <= 1);
  const endless = expectedOf("closed:10/think=0ms");
  assert.ok(sum(endless, "messages") >= 100_000 && endless.perS === Infinity, "there is no telling");
});
