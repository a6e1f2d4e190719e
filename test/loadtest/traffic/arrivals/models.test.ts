import assert from "node:assert/strict";
import { test } from "node:test";
import { ARRIVAL_MODELS, parseArrivals } from "../../../../loadtest/traffic/arrivals/registry.ts";
import type { Dials } from "../../../../loadtest/traffic/contract.ts";
import { parseDials } from "../../../../loadtest/traffic/dials.ts";
import { recordedDials } from "../../../../loadtest/traffic/scenario.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";

const random = findScenario("random")!;

function dialsOf(given: Readonly<Record<string, string>>): Dials {
  const parsed = parseDials(random, given);
  assert.ok("dials" in parsed, JSON.stringify(parsed));
  return parsed.dials;
}

function faultOf(scenario: string, given: Readonly<Record<string, string>>): string {
  const parsed = parseDials(findScenario(scenario)!, given);
  assert.ok("faults" in parsed, JSON.stringify(given));
  return parsed.faults.join(" ");
}

/** The words, a duration where none is given, and the average rate. */
const READ: Readonly<Record<string, readonly [string, number, number]>> = {
  "constant:500": ["a constant 500/s", 20, 500],
  "constant:0.25": ["a constant 0.25/s", 20, 0.25],
  "ramp:100..2000/60s": ["a ramp from 100/s to 2,000/s in 60 s", 60, 1_050],
  " ramp: 2000..0 / 1m ": ["a ramp from 2,000/s to 0/s in 60 s", 60, 1_000],
  "steps:200,400,800/20s": ["steps of 20 s at 200/s, 400/s, 800/s", 60, 1_400 / 3],
  "steps:7/500ms": ["steps of 500 ms at 7/s", 0.5, 7],
  "spike:200..2000/5s@20s": ["200/s with a spike of 2,000/s for 5 s at 20 s", 45, 400],
  "closed:50/think=200ms": ["a closed loop of 50 users who each wait for the answer and think for 200 ms", 20, 500],
  "closed:1/think=0s": ["a closed loop of one user who waits for the answer and thinks for 0 s", 20, 500],
};

test("every model is read, says itself in words, and gives a duration and an average rate", () => {
  for (const [text, [words, durationS, rate]] of Object.entries(READ)) {
    const arrivals = parseArrivals(text);
    assert.ok(typeof arrivals === "object", text);
    assert.deepEqual([arrivals.words, arrivals.gaps], [words, "poisson"]);
    const dials = dialsOf({ arrivals: text });
    assert.equal(dials.durationS, durationS, text);
    assert.ok(Math.abs(dials.rate - rate) < 1e-9 * rate, `${text}: ${dials.rate}`);
    assert.deepEqual(parseArrivals(`${text},even`), { ...arrivals, gaps: "even" });
  }
  for (const { example, name } of ARRIVAL_MODELS) {
    const arrivals = parseArrivals(example);
    assert.ok(typeof arrivals === "object" && arrivals.model === name, example);
  }
});

test("a longer duration goes on at the last rate, and after a spike at the first", () => {
  assert.equal(dialsOf({ arrivals: "ramp:100..300/10s", duration: "20s" }).rate, 250);
  assert.equal(dialsOf({ arrivals: "spike:100..300/10s@5s", duration: "20s" }).rate, 200);
});

/** What is wrong, and what would be right. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  [
    "fast:3",
    /^arrivals must be like constant:500, ramp:100\.\.2000\/60s, .*, closed:50\/think=200ms, .*not "fast:3"\.$/,
  ],
  ["500", /^arrivals must be like constant:500/],
  ["constant:", /must be constant:RATE, for example constant:500, not "constant:"\.$/],
  ["constant:0", /not "constant:0", which makes no message\.$/],
  ["constant:1e9", /must be constant:RATE/],
  ["constant:1000001", /must be constant:RATE/],
  ["constant:5,uneven", /must be constant:RATE/],
  ["ramp:100-2000/60s", /must be ramp:FROM\.\.TO\/TIME, for example ramp:100\.\.2000\/60s/],
  ["ramp:100..2000", /must be ramp:FROM\.\.TO\/TIME/],
  ["ramp:100..2000/0s", /must be ramp:FROM\.\.TO\/TIME/],
  ["ramp:-1..2000/5s", /must be ramp:FROM\.\.TO\/TIME/],
  ["ramp:0..0/5s", /makes no message/],
  ["steps:1,,2/5s", /must be steps:RATE,RATE,…\/TIME/],
  [`steps:${"1,".repeat(100)}1/5s`, /which has 101 steps, at most 100 are taken/],
  ["spike:200..2000/5s", /must be spike:RATE\.\.PEAK\/TIME@START/],
  ["closed:0/think=1s", /which has 0 users, 1 to 100000 are taken/],
  ["closed:50", /must be closed:USERS\/think=TIME/],
  ["closed:2.5/think=1s", /must be closed:USERS\/think=TIME/],
];

test("what is no model is refused with the form that would be right", () => {
  for (const [text, words] of REFUSED) assert.match(faultOf("random", { arrivals: text }), words, text);
});

test("arrivals that do not fit other dials or the story are refused", () => {
  const ramp = "ramp:100..2000/60s";
  assert.match(faultOf("random", { arrivals: ramp, rate: "5" }), /both say how fast messages come/);
  assert.match(faultOf("random", { arrivals: ramp, duration: "20s" }), /ends after 20 s, and the arrivals need 60 s/);
  assert.match(faultOf("flash-crowd", { arrivals: ramp }), /arrivals does not apply to flash-crowd/);
  assert.match(faultOf("soak", { arrivals: ramp }), /must be constant in a soak/);
  assert.match(faultOf("random", { arrivals: "ramp:0..1/100ms" }), /make no message/);
});

test("a result records the arrivals where they were given, and no rate where it is a result", () => {
  assert.equal(recordedDials(random, dialsOf({}))["arrivals"], undefined);
  const ramp = recordedDials(random, dialsOf({ arrivals: "ramp:100..300/10s" }));
  assert.deepEqual([ramp["arrivals"], ramp["rate"]], ["ramp:100..300/10s", 200]);
  const closed = recordedDials(random, dialsOf({ arrivals: "closed:5/think=1s" }));
  assert.deepEqual([closed["arrivals"], closed["rate"]], ["closed:5/think=1s", undefined]);
});
