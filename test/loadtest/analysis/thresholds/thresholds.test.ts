import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import type { Failures } from "../../../../loadtest/analysis/failures/failures.ts";
import { expectedTraffic } from "../../../../loadtest/analysis/skew/expected-traffic.ts";
import { judgeThresholds } from "../../../../loadtest/analysis/thresholds/judge-thresholds.ts";
import { METRIC_NAMES, METRICS } from "../../../../loadtest/analysis/thresholds/threshold-metrics.ts";
import { parseThresholds } from "../../../../loadtest/analysis/thresholds/threshold.ts";
import { refuseUnknowable } from "../../../../loadtest/analysis/thresholds/threshold-needs.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import { singleSegment } from "../../../../server/placement/topology.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

const evidence = runEvidence({ rate: 500 });
const result = buildResult(evidence);
const invalid = buildResult(runEvidence({ rate: 500, dropped: 100 }));

const judged = (texts: readonly string[], of = result, never: Failures["never"] = new Map()) =>
  judgeThresholds(parseThresholds(texts), { result: of, measurement: evidence.measurement, never });

test("reads metric, operator, value and unit, several in one text, with spaces or without", () => {
  const table = [
    ["delivery.p99<50ms", ["delivery.p99", null, "<", 50]],
    ["delivery.p99 <= 0.05 s", ["delivery.p99", null, "<=", 50]],
    ["shard.02.commit.p999<900us", ["commit.p999", "02", "<", 0.9]],
    ["skew.maxOverMean<1.3", ["skew.maxOverMean", null, "<", 1.3]],
    ["traffic.rate>490/s", ["traffic.rate", null, ">", 490]],
    ["errors<1%", ["errors", null, "<", 0.01]],
    ["errors<0.01", ["errors", null, "<", 0.01]],
    ["audit.lost==0", ["audit.lost", null, "==", 0]],
    ["shard.00.share<=30%", ["share", "00", "<=", 0.3]],
    ["headroom.growth>=-5%", ["headroom.growth", null, ">=", -0.05]],
  ] as const;
  for (const [text, [metric, shard, op, limit]] of table) {
    const [one] = parseThresholds([text]);
    assert.deepEqual([one!.metric, one!.shard, one!.op], [metric, shard, op], text);
    assert.ok(Math.abs(one!.limit - limit) < 1e-12, text);
  }
  assert.equal(parseThresholds(["errors<1%, audit.lost==0", "delivery.p50<9ms"]).length, 3);
});

test("what names nothing is one error that lists all faults, the nearest name and every metric", () => {
  const table = [
    ["delivery.p98<50ms", /no metric delivery\.p98, did you mean delivery\.p9[059]\?/],
    ["skew.maxovermean<1.3", /did you mean skew\.maxOverMean\?/],
    ["latency.p99<5ms", /no metric latency\.p99, did you mean delivery\.p99\?/],
    ["responseTime.p999<5ms", /did you mean delivery\.p999\?/],
    ["delivery.p99<50", /delivery\.p99 is given in us or ms or s, not in ""/],
    ["skew.maxOverMean<1.3ms", /a bare number or x, not in "ms"/],
    ["delivery.p99=50ms", /no operator =; there are <= >= == < >/],
    ["delivery.p99==50ms", /== is for counts/],
    ["shard.02.skew.cv<1", /skew\.cv is one of the whole run/],
    ["share<30%", /share is one of a shard: shard\.00\.share/],
    ["delivery.p99<1.2.3ms", /1\.2\.3 is not a number/],
    ["delivery.p99", /not metric, operator, value, unit/],
    ["<50ms", /not metric, operator/],
    ["", /it is empty/],
    ["delivery.p99<50constructor", /not in "constructor"/],
  ] as const;
  for (const [text, message] of table) assert.throws(() => parseThresholds([text]), { code: "BAD_THRESHOLD", message });
  const both =
    /latency.*rate.*e\.g\. delivery\.p99<50ms.*\[shard\.LABEL\.\]delivery\.\{p50,p90,p95,p99,p999,max\}.*audit\.lost/;
  assert.throws(() => parseThresholds(["latency<5ms", "rate>2/s"]), { code: "BAD_THRESHOLD", message: both });
  assert.throws(() => parseThresholds(["rate>2/s"]), { message: /did you mean \S+\? A threshold is/ });
});

test("every metric is read from a run, with an interval around its value", () => {
  const units = { ms: "ms", ratio: "", share: "%", rate: "/s", count: "" };
  for (const name of METRIC_NAMES) {
    const { kind, perShard } = METRICS[name];
    const [row] = judged([`${perShard === "only" ? "shard.00." : ""}${name}>=0${units[kind]}`]);
    assert.equal(row!.status, "passed", `${name}: ${row!.message}`);
    assert.ok(Number.isFinite(row!.value), name);
    if (row!.low !== null)
      assert.ok(row!.low <= row!.value! && row!.value! <= (row!.high ?? Infinity), `${name}: ${row!.message}`);
  }
});

test("the value decides; the interval says whether another run may come out differently", () => {
  const { value, low, high } = judged(["delivery.p99<1ms"])[0]!;
  assert.equal(value, result.latencyMs.delivery.p99);
  assert.ok(low! < value && value < high!);
  const table = [
    [`delivery.p99<${high! * 1.1}ms`, "passed", true],
    [`delivery.p99<${(value + high!) / 2}ms`, "passed", false],
    [`delivery.p99<${(low! + value) / 2}ms`, "failed", false],
    [`delivery.p99<${low! * 0.9}ms`, "failed", true],
    ["skew.maxOverMean<1.3", "failed", true],
    ["skew.maxOverMean>1.3", "passed", true],
    ["audit.lost==0", "passed", true],
    ["audit.lost>0", "failed", true],
    ["delivery.max<1ms", "failed", true],
  ] as const;
  for (const [text, status, clear] of table) {
    const [row] = judged([text]);
    assert.deepEqual([row!.status, row!.clear], [status, clear], row!.message);
    assert.equal(/may come out differently/.test(row!.message), !clear);
  }
});

test("an interval from time slices widens that of the messages; one that is not known leaves it open to above", () => {
  const of = (low: number | null, high: number | null) => {
    const latencyIntervals = [{ metric: "delivery.p50" as const, shard: null, low, high }];
    return judged(["delivery.p50<9s"], { ...result, latencyIntervals })[0]!;
  };
  const narrow = judged(["delivery.p50<9s"])[0]!;
  const wide = of(narrow.low! / 2, narrow.high! * 2);
  assert.deepEqual([wide.low, wide.high, wide.clear], [narrow.low! / 2, narrow.high! * 2, true]);
  const unknown = of(null, null);
  assert.deepEqual([unknown.status, unknown.low, unknown.high, unknown.clear], ["passed", 0, null, false]);
});

test("an INVALID run is not judged, and what was not measured does not pass", () => {
  for (const text of ["delivery.p99<1s", "audit.lost==0"]) {
    const [row] = judged([text], invalid);
    assert.deepEqual([row!.status, row!.value], ["not-judged", null]);
    assert.match(row!.message, /the run is INVALID/);
  }
  const [row] = judged(["blastRadius.p99<99"], { ...result, blastRadius: null });
  assert.deepEqual([row!.status, row!.value], ["failed", null]);
  assert.match(row!.message, /was not measured/);
});

const topology = singleSegment({ labels: ["00", "01", "02", "03"], placement: "slots" });

function refusal(
  texts: readonly string[],
  changes: Readonly<Record<string, number>>,
  name = "random",
  shards = topology,
): void {
  const dials = { ...DEFAULT_DIALS, ...changes };
  const story = findScenario(name)!.make(dials);
  refuseUnknowable(parseThresholds(texts), expectedTraffic(story, dials, shards), dials);
}

test("a run that is too short to know is refused, with the length that it takes", () => {
  const short = { rate: 50, durationS: 5, warmupS: 0 };
  const table = [
    ["delivery.p99<50ms", /needs 368 deliveries .* are expected\. Give --duration \d+s/],
    ["commit.p999<50ms", /needs 3,688 messages/],
    ["shard.03.delivery.p90<50ms", null],
    ["shard.03.delivery.p99<50ms", /shard\.03\.delivery\.p99<50ms needs 368 deliveries/],
    ["skew.maxOverMean<1.05", /within the noise: \d+ equally heavy dialogs on 4 shards reach 1\.\d\d by chance/],
    ["skew.maxOverMean<1.9", null],
    ["skew.effectiveShards>3.9", /within the noise/],
    ["skew.effectiveShards<3.9", null],
    ["skew.cv<2%", /within the noise/],
    ["skew.gini<0.5", null],
    ["errors<1%", /needs 368 messages/],
    ["errors<50%", null],
    ["errors<=0%", null],
    ["traffic.rate>=50/s", null],
    ["traffic.rate<51/s", null],
    ["delivery.max<9s", null],
    ["audit.lost==0", null],
  ] as const;
  for (const [text, message] of table) {
    if (message === null) refusal([text], short);
    else assert.throws(() => refusal([text], short), { code: "TOO_SHORT", message }, text);
  }
});

test("the length that is told suffices", () => {
  for (const text of ["delivery.p99<50ms", "skew.maxOverMean<1.1", "shard.01.commit.p99<1s"]) {
    let seconds = 0;
    assert.throws(
      () => refusal([text], { rate: 50, durationS: 4, warmupS: 0 }),
      (error: Error) => {
        seconds = Number(/--duration (\d+)s/.exec(error.message)?.[1]);
        return seconds > 4;
      },
    );
    refusal([text], { rate: 50, durationS: seconds, warmupS: 0 });
  }
});

test("what no length makes known is said to be so", () => {
  const table = [
    [["blastRadius.p99<2"], {}, /needs a scenario with something hot/],
    [["shard.09.delivery.p99<9ms"], {}, /names no shard of this server, which has 00, 01, 02, 03/],
    [["skew.maxOverMean<1.05"], { users: 12, rate: 5_000 }, /66 equally heavy dialogs .* raise --users/],
    [["traffic.rate>500/s"], {}, /traffic\.rate>500\/s can never hold: the schedule holds 500 messages per second/],
    [["traffic.rate>=7.4/s"], { rate: 7.4, warmupS: 0, durationS: 1 }, /the schedule holds 7 messages per second/],
    [["innocent.p99<9ms", "shard.09.commit.p50<1ms"], {}, /names no shard/],
  ] as const;
  for (const [texts, changes, message] of table) {
    assert.throws(() => refusal(texts, changes), { code: "UNKNOWABLE", message });
  }
  refusal(["blastRadius.p99<2"], { rate: 2_000 }, "lady-gaga");
});

test("what no shards could ever do is said to be impossible, whatever the noise", () => {
  const table = [
    ["skew.maxOverMean<0.9", /skew\.maxOverMean<0\.9 can never hold: it is at least 1 on 4 shards$/],
    ["skew.maxOverMean<1", /can never hold: it is at least 1 on/],
    ["skew.maxOverMean>=4.1", /can never hold: it is at most 4 on/],
    ["skew.cv<=-1%", /can never hold: it is at least 0 on/],
    ["skew.effectiveShards>4", /can never hold: it is at most 4 on/],
    ["skew.effectiveShards<1", /can never hold: it is at least 1 on/],
  ] as const;
  for (const [text, message] of table) {
    assert.throws(() => refusal([text], { rate: 50, durationS: 5 }), { code: "UNKNOWABLE", message }, text);
  }
  const one = singleSegment({ labels: ["00"], placement: "slots" });
  const message = /can never hold: it is at least 1 on 1 shard$/;
  assert.throws(() => refusal(["skew.maxOverMean<0.9"], {}, "random", one), { code: "UNKNOWABLE", message });
  refusal(["skew.maxOverMean<=1"], {}, "random", one);
});

test("dialogs that come after the placed beginning of a long schedule are counted on", () => {
  const labels = Array.from({ length: 64 }, (_, i) => String(i).padStart(2, "0"));
  const many = singleSegment({ labels, placement: "slots" });
  const long = { rate: 10_000, durationS: 100, warmupS: 0 };
  refusal(["skew.maxOverMean<1.06"], { ...long, users: 20_000 }, "random", many);
  const few = /66 equally heavy dialogs on 64 shards reach/;
  assert.throws(() => refusal(["skew.maxOverMean<1.06"], { ...long, users: 12 }, "random", many), { message: few });
});

const never = (messages: number): Failures["never"] =>
  new Map([["01", { deliveries: messages, innocents: 0, messages }]]);

test("a message that failed never came: it is longer than every one that did", () => {
  const count = Object.values(evidence.measurement.shards).reduce((sum, { delivery }) => sum + delivery.count, 0);
  const texts = ["delivery.p50<1s", "delivery.p99<1h", "shard.00.delivery.p99<1h", "innocent.p99<1h", "commit.p99<1h"];
  const of = (messages: number) =>
    judged(
      texts.map((text) => text.replace("1h", "3600s")),
      result,
      never(messages),
    );
  // Two in a hundred: the p99 never came, the median did, and another shard has nothing to do with it.
  const [p50, p99, other, innocent, commit] = of(Math.ceil(0.02 * count));
  assert.deepEqual(
    [p50, p99, other, innocent, commit].map((row) => row?.status),
    ["passed", "failed", "passed", "passed", "failed"],
  );
  assert.deepEqual([p99!.value, p99!.high], [null, null]);
  assert.match(p99!.message, /^never .*failed and count as never delivered\./);
  // One in a thousand shifts the p99 and does not hide it.
  const [, few] = of(Math.ceil(0.001 * count));
  const [, none] = of(0);
  assert.equal(few!.status, "passed");
  assert.ok(few!.value! >= none!.value! && few!.samples! > none!.samples!);
});
