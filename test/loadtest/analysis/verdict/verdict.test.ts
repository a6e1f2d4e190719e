import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { audit } from "../../../../loadtest/analysis/audit/audit.ts";
import { judge, REASON_CODES, type VerdictInput } from "../../../../loadtest/analysis/verdict/verdict.ts";
import type { Measurement } from "../../../../loadtest/measurement/measurement.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { goodMeasurement, histogramOf, shardOf } from "../measurement.ts";

const dials = { ...DEFAULT_DIALS, rate: 100, durationS: 8, warmupS: 2 };
const cold = { ...dials, durationS: 10, warmupS: 0 };

function inputOf(measurement: Measurement, changes: Partial<VerdictInput> = {}): VerdictInput {
  const rows = Object.entries(measurement.shards).map(([shard, { acked, sum }]) => ({ shard, rows: acked, sum }));
  const audited = audit(measurement, { run: "r", shards: rows }, []);
  return { measurement, dials, askedShare: 0.4, audit: audited, cores: 1, ...changes };
}

function generator(changes: Partial<Measurement["generator"]>): Partial<Measurement> {
  return { generator: { ...goodMeasurement().generator, ...changes } };
}

const withShard = (changes: Partial<ReturnType<typeof shardOf>>): Partial<Measurement> => ({
  shards: { "00": { ...shardOf(600, 6_000), ...changes }, "01": shardOf(400, 4_000) },
});

/** A fit whose mean log rank should be 1.7 ± 0.3. */
function zipfFit(meanLogRank: number) {
  return { asked: 1.1, realised: 0.8, meanLogRank, expectedLogRank: 1.7, tolerance: 0.3, messages: 1_000 };
}

/** Bins of 1,000 gaps; `shape` moves u, which is even between 0 and 1 under Poisson arrivals. */
function gapsOf(shape: (u: number) => number): number[] {
  const bins = Array.from<number>({ length: 64 }).fill(0);
  for (let i = 0; i < 1_000; i += 1) bins[Math.floor(shape((i + 0.5) / 1_000) * 64)]! += 1;
  return bins;
}

const none = histogramOf(0, 0);
const UNSEEN = { changes: [], topologies: [], verification: null };
/** A run of 10 s. */
const asking = (rate: number) => ({ dials: { ...dials, rate } });
/** A course of the rate that makes 808 messages, and a row that makes the 1,000 of the run. */
const ramping = { dials: { ...dials, arrivals: "ramp:0..202/8s" } };
const inRow = { dials: { ...dials, arrivals: "constant:100,even" } };
const closed = { dials: { ...dials, arrivals: "closed:9/think=1s" } };
/** What provokes each reason, and only it; the texts name the figures. */
const TABLE: Readonly<Record<string, readonly (readonly [Partial<Measurement>, RegExp, Partial<VerdictInput>?])[]>> = {
  INTERRUPTED: [[{ interrupted: true }, /interrupted/]],
  SERVER_GONE: [[{}, /could not be asked what it stored \(no answer\)/, { serverGone: "no answer" }]],
  SHARD_LOST: [
    [
      {},
      /could not be counted, because shard 01 is lost \(refused\): .* Bring it back/,
      { serverGone: "answered 503", shardsLost: "shard 01 is lost (refused)" },
    ],
  ],
  NO_CHANGE: [[{}, /did not change .*\(refused\)/, { seen: { ...UNSEEN, missing: "refused" } }]],
  READERS_LOST: [[{}, /Nobody read .*\(they died\)/, { readersLost: "they died" }]],
  SEND_LAG: [
    [generator({ sendLag: histogramOf(1_000, 80) }), /sent 80\.0 ms .*\(at most 50 ms/],
    [generator({ sendLag: histogramOf(1_000, 6) }), /sent 6\.0 ms/, { limits: { sendLagMs: 5 } }],
  ],
  HANDLER_LAG: [[generator({ handlerLag: histogramOf(1_000, 120) }), /handled 120\.0 ms/]],
  GENERATOR_CPU: [
    [generator({ cpu: 0.95 }), /0\.95 of 1 core busy/],
    [generator({ cpu: 1.9 }), /1\.90 of 2 cores/, { cores: 2 }],
  ],
  GENERATOR_LOST: [
    [generator({ processes: 4, lost: ["number 2 was killed"] }), /1 of 4 generators died \(number 2 was killed/],
  ],
  DROPPED: [[{ planned: 1_010, late: 10 }, /10 of 1010/, asking(101)]],
  SHARE_OFF: [
    [{ hotOffered: 500 }, /got 50\.0\s% .*40\.0\s% was asked/],
    [{ hotOffered: 300 }, /got 30\.0\s%/],
    [{ hotOffered: 30 }, /got 3\.0\s%/, { askedShare: 0 }],
  ],
  ZIPF_OFF: [
    [{}, /with exponent 0\.80, and 1\.10 was asked for; .* in 1000 messages/, { zipf: zipfFit(1.2) }],
    [{}, /chance does not explain it/, { zipf: zipfFit(2.2) }],
  ],
  ARRIVALS_OFF: [
    [{}, /held 1000 messages and 130\/s make 1300: /, asking(130)],
    [{}, /held 1000 messages and 100\.1\/s make 1001: /, asking(100.1)],
    [{}, /held 1000 messages and a ramp from 0\/s to 202\/s in 8 s makes 808: /, ramping],
    [{}, /and the story makes 999: /, { expected: 999, expectedIsExact: true }],
    [{}, /and the story makes 1300 ± 199: /, { expected: 1_300 }],
  ],
  GAPS_OFF: [
    // Twice as many gaps are shorter than half the mean as should be.
    [generator({ gaps: gapsOf((u) => u * u) }), /off by up to \d+\.\d\s%, .*of 1000\./],
    [generator({ gaps: gapsOf(() => 0.999) }), /off by up to 98/],
    [generator({ gaps: gapsOf((u) => u * u) }), /\d+ of 1000 messages were not due at even gaps/, inRow],
  ],
  SAMPLES_MISSING: [
    [generator({ sendLag: none }), /no send in the measured phase\).* Give a longer --duration, or a higher --rate\.$/],
    [generator({ handlerLag: none }), /no handler lag/],
    [{ shards: { "00": { ...shardOf(1_000), commit: none } } }, /no commit/],
    [{ shards: { "00": { ...shardOf(1_000), delivery: none, service: none } } }, /no delivery/],
    [withShard({ service: histogramOf(599, 4) }), /1000 deliveries, 999 of them/],
    [
      withShard({ commit: histogramOf(500, 1) }),
      /900 commits of 1000.* Report it as a fault of the generator\.$/,
      { dials: cold },
    ],
    [
      withShard({ delivery: histogramOf(500, 5), service: histogramOf(500, 5) }),
      /900 of 1000 deliveries/,
      { dials: cold },
    ],
  ],
  COUNTERS_CONTRADICT: [
    [{ planned: 1_001 }, /planned 1001 ≠ sent 1000 \+ late 0 \+ not connected 0/, asking(100.1)],
    [{ refused: 1 }, /sent 1000 ≠ acked 1000 \+ refused 1/],
    [{ delivered: 1_001 }, /delivered 1001 \+ offline 0 > acked 1000 \+ unknown 0/],
    [{ offline: 1 }, /delivered 1000 \+ offline 1/],
    [{}, /stored 1001 > acked 1000/, { audit: { ...inputOf(goodMeasurement()).audit, stored: 1_001 } }],
    [{ errors: { UNEXPECTED_ACK: 2 } }, /2 acks/],
    [{ errors: { BAD_SERVER_FRAME: 3 } }, /3 frames/],
  ],
  CLOCK_JUMPED: [[generator({ clockJumpMs: 3_600_000 }), /3600000 ms/]],
};

test("a shard that was lost is no want of samples, and a longer run no remedy", () => {
  for (const outcome of ["refused", "unknown", "notConnected"] as const) {
    const nothing = { ...shardOf(0), acked: 0 };
    const lost = {
      ...goodMeasurement(),
      shards: { "00": nothing, "01": nothing },
      sent: outcome === "notConnected" ? 0 : 1_000,
      delivered: 0,
      [outcome]: 1_000,
      ...generator({ handlerLag: none, sendLag: none }),
      hotOffered: 400,
    };
    const { reasons } = judge(inputOf(lost));
    assert.doesNotMatch(reasons.map(({ message }) => message).join(" "), /longer|samples/iu, outcome);
  }
});

test("a faultless run is VALID, with or without a hot dialog, offline readers, refusals and unknown outcomes", () => {
  const valid = { status: "VALID", reasons: [] };
  assert.deepEqual(judge(inputOf(goodMeasurement())), valid);
  assert.deepEqual(judge(inputOf(goodMeasurement(), { dials: cold })), valid);
  assert.deepEqual(judge(inputOf(goodMeasurement({ hotOffered: 0 }), { askedShare: null })), valid);
  assert.deepEqual(judge(inputOf(goodMeasurement({ delivered: 900, offline: 100 }))), valid);
  assert.deepEqual(judge(inputOf(goodMeasurement(generator({ gaps: gapsOf((u) => u) })))), valid);
  const paced = goodMeasurement(generator({ gaps: gapsOf((u) => u * u) }));
  assert.deepEqual(judge(inputOf(paced, { expected: 1_000 })), valid, "a story with a pace of its own");
  assert.deepEqual(judge(inputOf(goodMeasurement(generator({ gaps: gapsOf(() => 0) })), inRow)), valid, "even gaps");
  const fewer = { planned: 15, sent: 15, refused: 10, unknown: 5, delivered: 0, hotOffered: 6, shards: {} };
  const { reasons } = judge(inputOf(goodMeasurement(fewer), closed));
  assert.ok(!reasons.some(({ code }) => /ARRIVALS|GAPS/u.test(code)), "a closed model asks for no number of messages");
  assert.deepEqual(judge(inputOf(goodMeasurement(), { zipf: zipfFit(1.5) })), valid);
  assert.deepEqual(judge(inputOf(goodMeasurement(), { zipf: null })), valid);
  const busy = { planned: 1_015, sent: 1_015, refused: 10, unknown: 5, delivered: 1_003 };
  assert.deepEqual(judge(inputOf(goodMeasurement(busy), asking(101.5))), valid);
});

test("what chance explains is no reason", () => {
  for (const hotOffered of [330, 470]) assert.equal(judge(inputOf(goodMeasurement({ hotOffered }))).status, "VALID");
  assert.equal(
    judge(inputOf(goodMeasurement(), { expected: 1_120 })).status,
    "VALID",
    "a count that is left to chance",
  );
});

test("every reason is provoked, alone, and says its figures", () => {
  assert.deepEqual(Object.keys(TABLE).sort(), REASON_CODES.toSorted());
  for (const [code, cases] of Object.entries(TABLE)) {
    for (const [changes, text, input] of cases) {
      const { status, reasons } = judge(inputOf(goodMeasurement(changes), input));
      assert.deepEqual([status, reasons.map((reason) => reason.code)], ["INVALID", [code]], String(text));
      assert.match(reasons[0]!.message, text);
      const figures = Object.entries(reasons[0]!.evidence ?? {});
      assert.equal(figures.length > 0, code !== "INTERRUPTED", code);
      for (const [name, figure] of figures) assert.ok(Number.isFinite(figure), `${code}: ${name}`);
    }
  }
});

test("of a rate that the machine cannot make, the one that it made and one to try are told", () => {
  const slices = Array.from({ length: 20 }, (_, i) => {
    return { second: Math.floor(i / 2), shard: `0${i % 2}`, acked: i < 18 ? 31 : 9, deliveryMs: null };
  });
  // What was answered after the schedule was sent in it.
  slices.push(...[10, 11, 12].map((second) => ({ second, shard: "00", acked: 500, deliveryMs: null })));
  const late = generator({ sendLag: histogramOf(1_000, 80), cpu: 1 });
  for (const reason of judge(inputOf(goodMeasurement({ ...late, slices }))).reasons) {
    assert.match(reason.message, /came to 62 messages a second of the 100 asked for: try --rate 43, share it out/);
    assert.deepEqual([reason.evidence!["askedPerS"], reason.evidence!["reachedPerS"]], [100, 62]);
  }
  // Half of what was sent was refused: the generator made it all the same.
  const half = goodMeasurement({ ...late, slices, sent: 2_000, planned: 2_000, refused: 1_000 });
  const lag = judge(inputOf(half)).reasons.find(({ code }) => code === "SEND_LAG");
  assert.equal(lag?.evidence!["reachedPerS"], 124);
  for (const [input, remedy] of [
    [ramping, /Lower the rates of --arrivals, share it out/],
    [closed, /Let fewer users in, or run/],
  ] as const) {
    const lagging = judge(inputOf(goodMeasurement({ ...late, slices }), input)).reasons.find(
      ({ code }) => code === "SEND_LAG",
    );
    assert.match(lagging!.message, remedy);
    assert.equal(lagging!.evidence!["askedPerS"], undefined, "the best seconds of a ramp tell nothing of it");
  }
  const made = slices.map((slice) => ({ ...slice, acked: 50 }));
  const [reason] = judge(inputOf(goodMeasurement({ ...late, slices: made }))).reasons;
  assert.match(reason!.message, / Lower --rate, share it out/);
});

test("reasons add up, but of an interrupted run nothing else is told", () => {
  const faults = { refused: 1, ...generator({ cpu: 1, clockJumpMs: 1e4 }) };
  const table = [
    [goodMeasurement(faults), ["GENERATOR_CPU", "COUNTERS_CONTRADICT", "CLOCK_JUMPED"]],
    [goodMeasurement({ ...faults, interrupted: true }), ["INTERRUPTED"]],
  ] as const;
  for (const [measurement, codes] of table) {
    assert.deepEqual(
      judge(inputOf(measurement)).reasons.map((reason) => reason.code),
      codes,
    );
  }
});

test("a server that refused everything, or delivered nothing, does not make the run INVALID", () => {
  const refused = goodMeasurement({ refused: 1_000, delivered: 0, errors: { OVERLOADED: 1_000 }, shards: {} });
  assert.deepEqual(judge(inputOf(refused)).reasons, []);
  const shards = { "00": { ...shardOf(1_000), delivery: none, service: none } };
  const mute = goodMeasurement({ delivered: 0, shards });
  const audited = { ...inputOf(mute).audit, undelivered: 1_000 };
  assert.deepEqual(judge(inputOf(mute, { audit: audited })).reasons, []);
});

test("a lost message does not make a run INVALID: it is what the run has shown", () => {
  const measurement = goodMeasurement();
  const rows = [
    { shard: "00", rows: 599, sum: 5_990 },
    { shard: "01", rows: 400, sum: 4_000 },
  ];
  const audited = audit(measurement, { run: "r", shards: rows }, []);
  assert.equal(audited.lost, 1);
  assert.equal(judge(inputOf(measurement, { audit: audited })).status, "VALID");
});

test("docs/verdict.md lists every reason, and every figure of its evidence", () => {
  const text = readFileSync(new URL("../../../../docs/verdict.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` +\|(.*)$/gmu)].map(([, code = "", row = ""]) => [code, row] as const);
  assert.deepEqual(rows.map(([code]) => code).sort(), REASON_CODES.toSorted());
  const known = new Map(rows);
  for (const [code, cases] of Object.entries(TABLE)) {
    for (const [changes, , input] of cases) {
      const [reason] = judge(inputOf(goodMeasurement(changes), input)).reasons;
      for (const figure of Object.keys(reason!.evidence ?? {})) {
        // The row of HANDLER_LAG points to the one above.
        const row = code === "HANDLER_LAG" ? known.get("SEND_LAG")! : known.get(code)!;
        assert.ok(row.includes(`\`${figure}\``), `${code}: ${figure}`);
      }
    }
  }
});
