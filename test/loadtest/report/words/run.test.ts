import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { markdownReport, terminalReport } from "../../../../loadtest/report/reports.ts";
import {
  auditInWords,
  causeInWords,
  causesIn,
  headline,
  headroomInWords,
  leadInWords,
  remedyInWords,
} from "../../../../loadtest/report/words/run.ts";
import { trafficInWords } from "../../../../loadtest/report/words/traffic.ts";
import { HOT_DIALOG, runEvidence } from "../../../support/run-evidence.ts";

const plain = (words: string | null): string => (words ?? "").replaceAll("\u202f", " ");
const built = (options: Parameters<typeof runEvidence>[0]): Result => buildResult(runEvidence(options));

test("a hot dialog: which shard, how much, why, what to do, and how far it reaches", () => {
  const result = built({});
  assert.match(plain(headline(result)), /^Shard \d\d takes 5[45]\.\d % of the messages: 2\.\d\d × its fair share\.$/);
  assert.match(plain(causeInWords(result)), /^one dialog with (39|40)\.\d % of the messages$/);
  assert.match(plain(remedyInWords(result)), /^Split it over [23] shards: 1\.\d\d ×\.$/);
  assert.match(
    plain(headroomInWords(result)),
    /is past saturation: it can write 1?\d % less than it is sent; split in/,
  );
  assert.match(plain(headroomInWords(result)), /history of that dialog reads 1 → [23] shards\.$/);
  assert.equal(result.hotDialogs[0]?.dialog, HOT_DIALOG);
});

test("a slow shard that is not saturated says how far it can grow", () => {
  const words = plain(headroomInWords(built({ rate: 1_000 })));
  assert.match(words, /^Shard \d\d saturates at \+(7|8)\d % traffic; split in [23]: \+\d+ %/);
});

test("headroom has its interval, and a remedy that does not put saturation off says so", () => {
  const result = built({ rate: 1_000 });
  const wide = { ...result.headroom!, growthToLimit: 0.7, growthInterval: { low: 0.4, high: 1.1 }, afterAdvice: 0.5 };
  assert.match(
    plain(headroomInWords({ ...result, headroom: wide })),
    /saturates at \+70 % traffic \(95 % interval \+40 % to \+110 %\); split in [23]: no later, at \+50 %\.$/u,
  );
  const far = { ...wide, growthToLimit: 11, growthInterval: { low: 8.8, high: 15 }, afterAdvice: null };
  assert.match(
    plain(headroomInWords({ ...result, headroom: far })),
    /at 12 × traffic \(95 % interval 10 × to 16 ×\)\.$/u,
  );
  const unknown = { ...result, headroom: null };
  for (const text of [terminalReport(unknown, {}, {}), markdownReport(unknown)])
    assert.match(text, /Headroom is not known/u);
});

test("an advice that is not enough says so; sums of seconds have no tail", () => {
  const result = built({ rate: 1_000 });
  const headroom = { ...result.headroom!, growthToLimit: -0.6, afterAdvice: -0.42 };
  assert.match(plain(headroomInWords({ ...result, headroom })), /; split in [23]: still 42 % less than it is sent\.$/);
  const run = { ...result.run, durationS: 1.1, dials: { ...result.run.dials, warmupS: 0.1 } };
  assert.match(trafficInWords({ ...result, run }), / in 1\.2 s$/);
});

test("what several steps give together is what is promised", () => {
  const result = built({});
  const [first] = result.advice;
  const then = { ...first!, text: "Then", dialog: "1_2", forecast: { maxOverMean: 1.2 } };
  const words = plain(remedyInWords({ ...result, advice: [{ ...first!, forecast: { maxOverMean: 2 } }, then] }));
  assert.match(words, /^Split it over [23] shards, and treat 1 more dialog: 1\.20 ×\.$/u);
});

test("an uneven ring is blamed on the placement", () => {
  const result = built({ hotShare: 0, placement: "ring:virtualNodes=1", rate: 500 });
  assert.match(plain(causeInWords(result)), /^the placement ring:virtualNodes=1 gives the shards unequal shares/);
});

test("an even run burns nobody", () => {
  const result = built({ hotShare: 0, rate: 500 });
  assert.match(plain(headline(result)), /^No shard burns: shard \d\d, the fullest, takes 2\d\.\d %/);
  assert.equal(remedyInWords(result), null);
});

test("few dialogs on many shards: no more than chance, and yet not even", () => {
  const even = built({ hotShare: 0, rate: 500 });
  const skew = { ...even.skew, maxOverMean: 4, noiseFloor: { mean: 4, p99: 4 }, distinctDialogs: 1 };
  const causes = { ...even.skew.causes!, chance: { factor: 4, low: 4, high: 4 } };
  const result = { ...even, skew: { ...skew, causes } };
  assert.match(plain(headline(result)), /^Shard \d\d takes .* 4\.00 × its fair share and no more than chance\.$/);
  assert.match(
    leadInWords(result),
    /^Cause: few dialogs: 1 dialog cannot fall evenly on 4 shards\. The placement needs no/,
  );
  assert.equal(leadInWords(even), "Nothing needs to be done.");
  // With a fifth of the messages lost, there is something to do.
  const failed = { ...even, traffic: { ...even.traffic, failedShare: 0.2 } };
  const outages = [{ shard: "01", fromS: 1, untilS: 4, messages: 90 }];
  for (const bad of [failed, { ...even, outages }])
    assert.match(leadInWords(bad), /no more than chance\. The placement needs no change\.$/);
});

test("a run in which something else is wrong does not say that nothing needs to be done", () => {
  const even = built({ hotShare: 0, rate: 500 });
  const { audit, headroom, traffic, verdict } = even;
  const wrong: Partial<Result>[] = [
    { traffic: { ...traffic, refused: 900, failedShare: 0.3 } },
    { outages: [{ shard: "01", fromS: 2, untilS: 3, messages: 9 }] },
    { audit: { ...audit, undelivered: 1 } },
    { headroom: { ...headroom!, growthToLimit: -0.5 } },
    { verdict: { ...verdict, status: "INVALID" } },
    { thresholds: [{ status: "failed" } as NonNullable<Result["thresholds"]>[number]] },
  ];
  for (const change of wrong) assert.match(leadInWords({ ...even, ...change }), /The placement needs no change\.$/);
  assert.match(even.advice[0]!.text, /^The placement needs no change: /);
});

/** Failures of all shards, nearly even. */
const all = (code: string) => ["00", "01", "02", "03"].map((shard, i) => [shard, code, 103 - i] as const);

test("a headline blames for failures no shard that has a part of them, and no shard for a lost connection", () => {
  const even = built({ hotShare: 0, rate: 500 });
  const say = (...rows: (readonly [shard: string, code: string, count: number])[]) => {
    const refused = rows.reduce((sum, [, , count]) => sum + count, 0);
    const failures = rows.map(([shard, code, count]) => ({ shard, code, count, fromS: 1, untilS: 9 }));
    const traffic = { ...even.traffic, refused, failedShare: 0.3 };
    return plain(headline({ ...even, traffic, failures })).replace("30.0 % of the messages failed: ", "");
  };
  assert.equal(say(...all("OVERLOADED")), "OVERLOADED on 4 shards.");
  assert.equal(say(...all("NOT_CONNECTED"), ["01", "NO_ANSWER", 9]), "NOT_CONNECTED.");
  assert.equal(say(["01", "OVERLOADED", 950], ["02", "OVERLOADED", 50]), "OVERLOADED on shard 01.");
  assert.equal(say(["01", "OVERLOADED", 60], ["02", "OVERLOADED", 30]), "OVERLOADED on shards 01, 02.");
  assert.equal(say(["01", "OVERLOADED", 60], ["02", "NO_ANSWER", 40]), "mostly OVERLOADED on shard 01.");
  const three = say(["01", "OVERLOADED", 40], ["02", "NO_ANSWER", 30], ["02", "SHARD_UNAVAILABLE", 30]);
  assert.equal(three, "most often OVERLOADED on shard 01.");
});

test("no shard answered only when all were out at once", () => {
  const even = built({ hotShare: 0, rate: 500 });
  const say = (...stretches: (readonly [fromS: number, untilS: number])[]) => {
    const outages = stretches.map(([fromS, untilS], i) => ({ shard: `0${i}`, fromS, untilS, messages: 9 }));
    return headline({ ...even, outages }).split(":")[0];
  };
  assert.equal(say([4, 9], [4.1, 9.2], [4, 9.1], [4.2, 9]), "No shard answered for 4.8 s");
  // A restart of one after the other.
  assert.equal(say([1, 2], [3, 4.5], [5, 6], [7, 8]), "4 shards did not answer for up to 1.5 s");
  assert.equal(say([1, 2], [3, 4.5]), "Shards 00, 01 did not answer for up to 1.5 s");
});

test("one shard, and none that was sent anything", () => {
  const result = built({ hotShare: 0, rate: 100, shards: 1 });
  assert.match(headline(result), /^One shard takes everything/);
  assert.match(trafficInWords(result), /^[\d,]+ messages in \d+ s$/);
  const cut = { ...result, run: { ...result.run, interrupted: true }, traffic: { ...result.traffic, acked: 0 } };
  assert.equal(trafficInWords(cut), "0 messages, interrupted");
  const nothing = { ...result, shards: [{ ...result.shards[0]!, offered: 0 }] };
  assert.equal(headline(nothing), "No message was sent.");
});

test("the audit says everything that fails the run, and what is certain", () => {
  const result = built({ hotShare: 0, rate: 100 });
  const say = (audit: Partial<Result["audit"]>) => auditInWords({ ...result, audit: { ...result.audit, ...audit } });
  assert.match(say({}), /^Every one of [\d,]+ acknowledged messages is stored, and nothing else is\.$/);
  assert.match(say({ unknownStored: 1 }), /is stored, and of the rest 1 message whose outcome was unknown\.$/);
  assert.match(say({ duplicated: 1 }), /^1 message reached their reader twice\. Every one of/);
  assert.match(say({ match: false, lost: 2, reordered: 3 }), /at least 2 messages\. 3 messages came after/);
  assert.match(say({ match: null, lost: 1 }), /at least 1 message\. Not comparable: /);
});

test("a change of the topology is a fifth factor where there was one, and what moved is not called split", () => {
  const result = built({ rate: 1_000 });
  const { causes } = result.skew;
  assert.deepEqual(
    causesIn(causes!).map(({ name }) => name),
    ["chance", "popularity", "placement", "hash"],
  );
  const changed = { ...causes!, change: { factor: 3, low: 2.9, high: 3.1 } };
  assert.equal(causesIn(changed).length, 5);
  const skew = { ...result.skew, segments: 2, causes: changed };
  assert.match(plain(causeInWords({ ...result, skew })), /^the topology changed during the run: .* \(3\.00 ×\)$/u);
  const [top, ...others] = result.hotDialogs;
  const moved = { ...result, hotDialogs: [{ ...top!, shard: "00+02" }, ...others] };
  assert.match(plain(causeInWords(moved)), /, though split over 2 shards$/u);
  const inTime = { ...moved, skew: { ...result.skew, segments: 2 } };
  assert.match(plain(causeInWords(inTime)), /, in time on 2 shards$/u);
});
