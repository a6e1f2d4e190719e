import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../../../loadtest/traffic/dial.ts";
import {
  DEFAULT_DIALS,
  dialsFromEnvironment,
  dialsToEnvironment,
  parseDials,
} from "../../../loadtest/traffic/dials.ts";
import { findScenario, SCENARIOS } from "../../../loadtest/traffic/stories/registry.ts";

const random = findScenario("random")!;
const ladyGaga = findScenario("lady-gaga")!;
const zipf = findScenario("zipf")!;

function faultsOf(...arguments_: Parameters<typeof parseDials>): readonly string[] {
  const parsed = parseDials(...arguments_);
  return "faults" in parsed ? parsed.faults : [];
}

test("nothing given: the defaults, which are themselves without fault", () => {
  assert.deepEqual(parseDials(ladyGaga, {}), {
    dials: { ...DEFAULT_DIALS, hotShare: 0.4, mode: "dialog", maxOverMean: 0 },
  });
  for (const scenario of SCENARIOS) assert.deepEqual(faultsOf(scenario, {}), []);
});

test("every dial can be given as text", () => {
  const given = { users: "10", rate: "2.5", duration: "2m", warmup: "0", seed: "4294967295", "offline-share": "0" };
  assert.deepEqual(parseDials(ladyGaga, { ...given, "hot-share": "0.25", mode: "inbox" }), {
    dials: {
      users: 10,
      rate: 2.5,
      arrivals: "",
      durationS: 120,
      warmupS: 0,
      seed: 2 ** 32 - 1,
      offlineShare: 0,
      hotShare: 0.25,
      mode: "inbox",
      maxOverMean: 0,
    },
  });
});

test("durations", () => {
  const table: Readonly<Record<string, number>> = {
    "500ms": 0.5,
    "20s": 20,
    "2m": 120,
    "1.5h": 5400,
    "7": 7,
    " 3s ": 3,
  };
  for (const [text, seconds] of Object.entries(table)) assert.equal(parseDuration(text), seconds);
  for (const text of ["", "s", "-1s", "1 s", "1d", "1e3s", "0x10", "ms"])
    assert.ok(Number.isNaN(parseDuration(text)), text);
});

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  users: ["1", "0", "-3", "2.5", "1000001", "", "many", "NaN", "Infinity"],
  rate: ["0", "-1", "", "fast", "1e9"],
  arrivals: ["fast", "constant", "constant:0", "ramp:1-2/5s", "steps:1,,2/5s", "spike:1..2/5s", "closed:0/think=1s"],
  duration: ["0", "0s", "-1s", "8d", "", "200h"],
  warmup: ["-1s", "x", "25h"],
  seed: ["-1", "0.5", "4294967296", ""],
  "offline-share": ["1", "-0.1", "1.1", ""],
  "hot-share": ["1", "-0.1", ""],
  mode: ["room", "", "Dialog"],
  "max-over-mean": ["-1", "1001", "much"],
};

test("each value out of range is refused by its name", () => {
  assert.deepEqual(
    Object.keys(REFUSED).sort(),
    Object.values(ladyGaga.dials)
      .map((dial) => dial.option)
      .sort(),
  );
  for (const [option, values] of Object.entries(REFUSED)) {
    for (const value of values) {
      const faults = faultsOf(ladyGaga, { [option]: value });
      assert.equal(faults.length, 1, `${option}=${value}`);
      assert.ok(faults[0]!.startsWith(`${option} must be `) && faults[0]!.includes(`"${value}"`), faults.join());
    }
  }
});

test("all faults are told at once", () => {
  const faults = faultsOf(random, { users: "1", "hot-share": "0.4", zipf: "1", duration: "soon" });
  assert.equal(faults.length, 4);
  assert.match(faults[1]!, /hot-share does not apply to random, which takes users, rate/);
  assert.match(faults[2]!, /zipf does not apply/);
  assert.match(faultsOf(zipf, { "hot-share": "3" })[0]!, /which takes users, .*, max-over-mean\.$/, "no derived dial");
});

test("dials that do not fit together", () => {
  assert.match(faultsOf(ladyGaga, { users: "2", "offline-share": "0" })[0]!, /at least 3/);
  assert.deepEqual(faultsOf(random, { users: "2", "offline-share": "0" }), []);
  assert.match(faultsOf(random, { users: "10", "offline-share": "0.95" })[0]!, /leave 1 user online/);
});

test("the environment has the same dials in capitals, and those of other scenarios do no harm", () => {
  const environment = { HOT_SHARE: "0.2", USERS: "30", DURATION: "", HOME: "/", HOTSHARD_USERS: "40" };
  assert.deepEqual(dialsFromEnvironment(ladyGaga, environment), { "hot-share": "0.2", users: "30" });
  assert.deepEqual(dialsFromEnvironment(random, environment), { users: "30" });
  const parsed = parseDials(ladyGaga, { "hot-share": "0.25", duration: "1500ms", mode: "inbox" });
  assert.ok("dials" in parsed);
  const back = parseDials(ladyGaga, dialsFromEnvironment(ladyGaga, dialsToEnvironment(ladyGaga, parsed.dials)));
  assert.deepEqual(back, parsed, "through k6's environment and back");
});
