import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "./simulation.ts";

const SEEDS = 150;

test(`${SEEDS} simulated systems with changes of topology, crashes, pauses and losses keep every promise`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { broken } = await simulate(seed);
    assert.deepEqual(broken, [], `npm run simulate -- --seed ${seed}`);
  }
});

test("a seed replays exactly", async () => {
  const runs: string[][] = [];
  for (let run = 0; run < 2; run++) {
    const lines: string[] = [];
    await simulate(42, (at, text) => void lines.push(`${at} ${text()}`));
    runs.push(lines);
  }
  assert.ok(runs[0]!.length > 100, "something happens");
  assert.deepEqual(runs[0], runs[1]);
});
