import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { countTolerance } from "../../../loadtest/analysis/verdict/deviation.ts";
import { dialogId } from "../../../server/placement/dialog.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import type { Dials, Action, Story } from "../../../loadtest/traffic/contract.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { MAX_LANES, onlineUsers } from "../../../loadtest/traffic/lanes.ts";
import { findScenario, SCENARIOS } from "../../../loadtest/traffic/stories/registry.ts";

function schedule(story: Story): Action[] {
  return story.lanes().flatMap((lane) => {
    const sends: Action[] = [];
    for (let send = lane.next(); send !== null; send = lane.next()) sends.push(send);
    assert.equal(lane.next(), null, "the end of a lane is final");
    return sends;
  });
}

/** Counts come within Bernstein's bound at 1e-6 of a sum of independent 0/1 variables. */
function assertCount(actual: number, trials: number, share: number, what: string): void {
  const tolerance = countTolerance(trials * share * (1 - share));
  assert.ok(Math.abs(actual - trials * share) <= tolerance, `${what}: ${actual} of ${trials}, expected ${share}`);
}

const arbitraryDials = fc.record({
  users: fc.integer({ min: 8, max: 300 }),
  rate: fc.double({ min: 1, max: 2_000, noNaN: true }),
  durationS: fc.double({ min: 0.5, max: 3, noNaN: true }),
  warmupS: fc.constantFrom(0, 0.5),
  seed: fc.integer({ min: 0, max: 0xffffffff }),
  offlineShare: fc.constantFrom(0, 0.1, 0.5),
  arrivals: fc.constant(""),
  hotShare: fc.constantFrom(0, 0.1, 0.4, 0.95),
  mode: fc.constantFrom("dialog" as const, "inbox" as const),
  zipf: fc.constantFrom(0, 0.99, 2),
  keys: fc.constantFrom(1, 3),
  joinShare: fc.constantFrom(0, 0.3),
  hotSet: fc.constantFrom(1, 3, 40),
  walkS: fc.constantFrom(0, 0.1),
  riseS: fc.constantFrom(0, 0.3),
  burstAtS: fc.constant(0.2),
}) satisfies fc.Arbitrary<Dials>;

for (const scenario of SCENARIOS) {
  suite(scenario.name, () => {
    test("keeps what every story promises, for any dials", () => {
      fc.assert(
        fc.property(arbitraryDials, (dials) => {
          fc.pre(scenario.faults(dials).length === 0);
          const story = scenario.make(dials);
          const lanes = story.lanes();
          assert.equal(story.online, onlineUsers(dials));
          assert.ok(lanes.length >= 2 && lanes.length <= MAX_LANES);
          const rate = lanes.reduce((sum, lane) => sum + lane.rate, 0);
          const expected = story.expected ?? dials.rate * (dials.warmupS + dials.durationS);
          // A pace of its own holds a whole number in either phase.
          const rounded = story.expected === undefined ? 0 : 1;
          const made = rate * (dials.warmupS + dials.durationS);
          assert.ok(Math.abs(made - expected) < rounded + 1e-9 * expected, `${rate}`);
          for (let user = 0; user <= dials.users + 1; user++) {
            const owners = lanes.filter((lane) => lane.hasAuthor(user)).length;
            assert.equal(owners, user >= 1 && user <= story.online ? 1 : 0, `user ${user}`);
          }
          const endMs = (dials.warmupS + dials.durationS) * 1000;
          for (const lane of lanes) {
            let before = 0;
            for (let send = lane.next(); send !== null; send = lane.next()) {
              assert.ok(send.at >= before && send.at < endMs);
              assert.ok(lane.hasAuthor(send.user));
              assert.ok(
                Number.isInteger(send.target) &&
                  send.target >= 1 &&
                  send.target <= dials.users &&
                  send.target !== send.user,
              );
              before = send.at;
            }
          }
          assert.deepEqual(schedule(scenario.make(dials)), schedule(story), "same dials, same schedule");
        }),
        { numRuns: 40 },
      );
    });

    test("sends as many messages as the rate says, spread evenly over time", () => {
      const dials = { ...DEFAULT_DIALS, rate: 20_000, durationS: 4, warmupS: 1, seed: 11 };
      const sends = schedule(scenario.make(dials));
      const expected = scenario.make(dials).expected ?? 100_000;
      assert.equal(sends.length, expected);
      const seconds = scenario.make(dials).expected === undefined ? 5 : 0;
      for (let second = 0; second < seconds; second++) {
        const inSecond = sends.filter((send) => Math.floor(send.at / 1000) === second).length;
        assertCount(inSecond, sends.length, 1 / 5, `second ${second}`);
      }
      const first = scenario.make({ ...dials, seed: 12 });
      assert.notDeepEqual(schedule(first), sends, "another seed is another schedule");
    });
  });
}

const big: Dials = { ...DEFAULT_DIALS, users: 50, rate: 40_000, durationS: 2, warmupS: 0, offlineShare: 0.2 };

test("random: authors are even over the online users, recipients over everybody else", () => {
  const [random] = SCENARIOS;
  const story = random!.make(big);
  const sends = schedule(story);
  for (let user = 1; user <= 50; user++) {
    const written = sends.filter((send) => send.user === user).length;
    if (user <= 40) assertCount(written, sends.length, 1 / 40, `author ${user}`);
    else assert.equal(written, 0);
    const others = sends.filter((send) => send.user !== user);
    assertCount(others.filter((send) => send.target === user).length, others.length, 1 / 49, `recipient ${user}`);
  }
  assert.equal(story.askedShare, null);
});

for (const mode of ["dialog", "inbox"] as const) {
  test(`lady-gaga, ${mode}: the hot share is realised, by those who should, and not beside it`, () => {
    for (const hotShare of [0, 0.05, 0.4, 0.9]) {
      const story = findScenario("lady-gaga")!.make({ ...big, hotShare, mode });
      const sends = schedule(story);
      const hot = sends.filter((send) => story.isHot(send.user, send.target));
      assert.equal(story.askedShare, hotShare);
      assertCount(hot.length, sends.length, hotShare, `hot share ${hotShare}`);
      if (mode === "dialog") {
        assert.ok(hot.every((send) => send.user + send.target === 3));
        assertCount(hot.filter((send) => send.user === 1).length, hot.length, 1 / 2, "written by user 1");
      } else {
        assert.ok(hot.every((send) => send.target === 1));
        for (let user = 2; user <= 40; user++) {
          assertCount(hot.filter((send) => send.user === user).length, hot.length, 1 / 39, `fan ${user}`);
        }
      }
      const innocent = sends.filter((send) => !story.isHot(send.user, send.target));
      assert.ok(innocent.every((send) => mode === "dialog" || (send.user !== 1 && send.target !== 1)));
    }
  });
}

test("a schedule that was written down stays: k6 and Node, today and next year", () => {
  const story = SCENARIOS[1]!.make({ ...DEFAULT_DIALS, users: 20, rate: 5, durationS: 1, warmupS: 0, seed: 42 });
  assert.deepEqual(
    schedule(story).map(({ at, user: author, target: to }) => `${at.toFixed(6)} ${author} ${to}`),
    ["243.610362 1 2", "910.328676 17 10", "820.188290 2 1", "385.564281 6 18", "48.228019 10 11"],
  );
});

/** How often each dialog was written to. */
function byDialog(sends: readonly Action[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { user: author, target: to } of sends)
    counts.set(dialogId(author, to), (counts.get(dialogId(author, to)) ?? 0) + 1);
  return counts;
}

test("zipf: as many distinct dialogs as asked, with the shares of their ranks, and some readers offline", () => {
  const zipf = findScenario("zipf")!;
  for (const [exponent, keys] of [
    [0.99, 400],
    [0, 50],
    [1.5, 700],
  ] as const) {
    const story = zipf.make({ ...big, zipf: exponent, keys });
    const { popularity } = story;
    assert.ok(popularity !== undefined);
    const ranks = Array.from({ length: keys }, (_, index) => popularity.dialog(index + 1));
    const dialogs = ranks.map(({ author, to }) => dialogId(author, to));
    assert.equal(new Set(dialogs).size, keys, "distinct");
    assert.ok(ranks.every(({ author }) => author <= story.online));
    const offline = ranks.filter(({ to }) => to > story.online).length;
    assert.ok(Math.abs(offline - 0.2 * keys) <= 16, `${offline} of ${keys} are with somebody offline`);
    const sends = schedule(story);
    const counts = byDialog(sends);
    const weights = dialogs.map((_, index) => (index + 1) ** -exponent);
    const mass = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, dialog] of dialogs.entries()) {
      assertCount(counts.get(dialog) ?? 0, sends.length, weights[index]! / mass, `s ${exponent}, rank ${index + 1}`);
    }
    assert.equal(
      [...counts.values()].reduce((sum, count) => sum + count, 0),
      sends.length,
    );
    assert.equal(new Set([...dialogs, ...counts.keys()]).size, keys, "nothing else");
    assertCount(
      sends.filter((send) => story.isHot(send.user, send.target)).length,
      sends.length,
      story.askedShare!,
      "top",
    );
  }
  assert.match(zipf.faults({ ...big, keys: 5_000 })[0]!, /^keys must be at most \d+ .*, not 5000: raise users\.$/);
});

test("zipf: dialogs are picked so that max/mean is what was asked, and the plan comes true", () => {
  const zipf = findScenario("zipf")!;
  const dials = { ...big, users: 200, rate: 30_000, keys: 2_000, zipf: 0.9 };
  for (const [placement, shards, targets] of [
    ["slots", 4, [1.5, 3]],
    ["rendezvous", 7, [1.05]],
  ] as const) {
    const labels = Array.from({ length: shards }, (_, index) => `0${index}`);
    const router = compileTopology(singleSegment({ labels, placement }));
    const place = (author: number, to: number) =>
      router.place({ dialog: dialogId(author, to), id: 1n, author, client: "" });
    const measured = (given: Dials) => {
      const loads = labels.map(() => 0);
      const sends = schedule(zipf.make(given));
      for (const { user: author, target: to } of sends) loads[place(author, to)]! += 1;
      return (Math.max(...loads) * shards) / sends.length;
    };
    for (const maxOverMean of targets) {
      const asking = { ...dials, maxOverMean };
      assert.equal(zipf.needsAim(asking), true);
      const aim = zipf.aim(asking, { shards, place });
      assert.ok("dials" in aim && aim.maxOverMean !== null, JSON.stringify(aim));
      assert.equal(zipf.needsAim(aim.dials), false);
      assert.ok(Math.abs(aim.maxOverMean.forecast / maxOverMean - 1) < 0.01, `${aim.maxOverMean.forecast}`);
      // Of 60,000 messages a shard's share strays by 1 % of itself.
      assert.ok(Math.abs(measured(aim.dials) / maxOverMean - 1) < 0.05, `${placement}: ${measured(aim.dials)}`);
    }
    const [even, together] = ["even", "together"].map((spread) => zipf.aim({ ...dials, spread }, { shards, place }));
    assert.ok("dials" in even! && "dials" in together!);
    assert.ok(measured(even.dials) < 1.05 && measured(together.dials) > 2, `${measured(even.dials)}`);
    assert.match(
      JSON.stringify(zipf.aim({ ...dials, maxOverMean: shards + 1 }, { shards, place })),
      /cannot be had.* to /,
    );
  }
});

test("lady-gaga: the share of the hot dialog follows from the max/mean asked for", () => {
  const scenario = findScenario("lady-gaga")!;
  const labels = ["00", "01", "02", "03"];
  const router = compileTopology(singleSegment({ labels, placement: "slots" }));
  const place = (author: number, to: number) =>
    router.place({ dialog: dialogId(author, to), id: 1n, author, client: "" });
  const aim = scenario.aim({ ...big, maxOverMean: 2.5 }, { shards: 4, place });
  assert.ok("dials" in aim);
  const loads = labels.map(() => 0);
  const sends = schedule(scenario.make(aim.dials));
  for (const { user: author, target: to } of sends) loads[place(author, to)]! += 1;
  assert.ok(Math.abs((Math.max(...loads) * 4) / sends.length / 2.5 - 1) < 0.03, loads.join());
  assert.match(JSON.stringify(scenario.aim({ ...big, maxOverMean: 4 }, { shards: 4, place })), /cannot be had.*to 4/);
  assert.match(scenario.faults({ ...big, mode: "inbox", maxOverMean: 2 })[0]!, /goes with mode dialog/);
});

test("flash-crowd: quiet, a burst of the hot set, then of those who joined, and decay", () => {
  const dials = { ...DEFAULT_DIALS, users: 200, rate: 2_000, durationS: 20, warmupS: 1, burst: 6, hotSet: 3, walkS: 2 };
  const story = findScenario("flash-crowd")!.make(dials);
  assert.ok(story.joinsAt !== undefined && story.expected !== undefined);
  const sends = schedule(story).sort((a, b) => a.at - b.at);
  assert.equal(sends.length, story.expected);
  const hot = sends.filter(({ user: author, target: to }) => story.isHot(author, to));
  assertCount(hot.length, sends.length, story.askedShare!, "hot");
  const joins = Array.from({ length: story.online }, (_, index) => story.joinsAt!(index + 1));
  assert.equal(joins.filter((at) => at > 0).length, 90, "half of the 180 online users");
  assert.ok(joins.every((at) => at === 0 || (at >= 6_000 && at < 8_000)));
  for (const { at, user: author, target: to } of sends) {
    assert.ok(author <= 90 || at >= story.joinsAt(author) + 2_000, `${author} wrote at ${at}`);
    assert.ok(to <= 90 || to > 180, "nobody writes to those who come");
  }
  // Seconds and their expected messages: quiet; the peak of the hot half; the tail of both.
  const windows: readonly (readonly [number, number, number])[] = [
    [0, 6, 2_000 * 6],
    [8, 9, 2_000 + 5_000 / (1.1 * 1.1)],
    [12, 13, 2_000 + 5_000 / (1.9 * 1.9) + 5_000 / (1.1 * 1.1)],
  ];
  for (const [from, until, expected] of windows) {
    const seen = sends.filter(({ at }) => at >= from * 1000 && at < until * 1000).length;
    // The height in the middle of a second stands for its mean, which is up to 1 % higher.
    assert.ok(Math.abs(seen - expected) < countTolerance(expected) + 0.01 * expected, `${from} s: ${seen}`);
  }
  for (let slot = 0; slot < 6; slot++) {
    const inSlot = hot.filter(({ at }) => Math.floor((at - 6_000) / 2_000) === slot);
    assert.equal(byDialog(inSlot).size, 3, `hot dialogs of slot ${slot}`);
  }
  assert.equal(byDialog(hot).size, 3 + 7, "seven walked in");
});

test("flash-crowd: dials that leave nobody to begin with, or no time for the burst", () => {
  const faults = findScenario("flash-crowd")!.faults({ ...DEFAULT_DIALS, users: 20, joinShare: 0.9, burstAtS: 30 });
  assert.match(faults.join(" "), /^join-share leaves 2 users before the burst; .* burst-at must lie before/);
  const few = { ...DEFAULT_DIALS, users: 3, joinShare: 0, offlineShare: 0 };
  assert.match(findScenario("flash-crowd")!.faults(few).join(" "), /too few dialogs beside the hot ones/);
  assert.deepEqual(findScenario("flash-crowd")!.faults({ ...few, users: 40 }), []);
});
