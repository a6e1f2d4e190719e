import assert from "node:assert/strict";
import { test } from "node:test";
import { realisedZipf } from "../../../../loadtest/analysis/verdict/realised-zipf.ts";
import { mergeLanes } from "../../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";
import { dialogId } from "../../../../server/placement/dialog.ts";

const common = { ...DEFAULT_DIALS, users: 2_000, rate: 5_000, durationS: 4, warmupS: 0, keys: 3_000 };

/** What a faultless run of the story would store. */
function storedOf(zipf: number, seed: number) {
  const story = findScenario("zipf")!.make({ ...common, zipf, seed });
  const counts = new Map<string, number>();
  const next = mergeLanes(story.lanes());
  for (let planned = next(); planned !== null; planned = next()) {
    const dialog = dialogId(planned.user, planned.target);
    counts.set(dialog, (counts.get(dialog) ?? 0) + 1);
  }
  return { popularity: story.popularity!, dialogs: [...counts].map(([dialog, count]) => ({ dialog, count })) };
}

const isOff = (fit: NonNullable<ReturnType<typeof realisedZipf>>): boolean =>
  Math.abs(fit.meanLogRank - fit.expectedLogRank) > fit.tolerance;

test("what the story makes has the exponent that was asked for, whatever it is", () => {
  for (const zipf of [0, 0.5, 0.99, 1, 1.5]) {
    for (const seed of [1, 2, 3]) {
      const { popularity, dialogs } = storedOf(zipf, seed);
      const fit = realisedZipf(popularity, dialogs, 0)!;
      assert.ok(!isOff(fit), `${zipf}: ${JSON.stringify(fit)}`);
      assert.ok(Math.abs(fit.realised - zipf) < 0.05, `${zipf}: ${fit.realised}`);
      assert.ok(fit.messages > 19_000);
    }
  }
});

test("another exponent is found, and messages that are not counted widen what is believed", () => {
  const { dialogs } = storedOf(0.99, 1);
  for (const asked of [0.85, 1.15]) {
    const { popularity } = storedOf(asked, 1);
    const fit = realisedZipf(popularity, dialogs, 0)!;
    assert.ok(isOff(fit), JSON.stringify(fit));
    assert.ok(Math.abs(fit.realised - 0.99) < 0.05, `${fit.realised}`);
    assert.ok(!isOff(realisedZipf(popularity, dialogs, 10_000)!));
  }
  assert.equal(realisedZipf(storedOf(1, 1).popularity, [], 0), null);
});
