import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureOneHour } from "./one-hour.ts";
import type { Section } from "./report.ts";
import { trials } from "./trials.ts";

/** Pairs of the same thing, and planted ones; `BENCH_PAIRS=5,5` for a quick look. */
const PAIRS = (process.env["BENCH_PAIRS"] ?? "20,20").split(",").map(Number);

const of = (n: number, all: number): string => `${n} of ${all}`;

/**
 * Twenty pairs of the same thing, and twenty with one slower shard: a quarter of an hour. `BENCH_RUNS` names a folder
 * that keeps the runs.
 */
export async function compareTrials(): Promise<Section> {
  const kept = process.env["BENCH_RUNS"];
  const folder = kept ?? mkdtempSync(join(tmpdir(), "hotshard-trials-"));
  try {
    const [same, planted] = [await trials("same", PAIRS[0]!, folder), await trials("planted", PAIRS[1]!, folder)];
    return {
      title: "Compare: false alarms and a planted change",
      text:
        "Pairs of real runs of 10 s, 300 messages a second, four SQLite shards, compared as `hotshard compare` " +
        "does by default. Planted: shaped shards, one of them with commits of 44 instead of 40 ms in the second " +
        "run. The goals: at most 1 of 20, at least 19 of 20.",
      head: ["pairs", "outcome"],
      rows: [
        [
          "the same twice: a difference told (false alarm)",
          of(same.filter(({ told }) => told.length > 0).length, same.length),
        ],
        [
          "planted: the slow shard told to be worse, by name",
          of(planted.filter(({ named }) => named).length, planted.length),
        ],
        ["planted: another shard told to be worse", of(planted.filter(({ onlyIt }) => !onlyIt).length, planted.length)],
      ],
    };
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Two results of an hour on 64 shards. */
export async function oneHour(): Promise<Section> {
  const row = await measureOneHour();
  return {
    title: "An hour on 64 shards",
    text:
      "Synthetic results of 3,200 messages a second and 100,000 dialogs, written as a run writes them. The " +
      "goals: compared under 2 s, a report under 1,000 kB that is drawn under 1 s in Chromium. Medians of 5.",
    head: ["what", "measured"],
    rows: [
      ["`hotshard compare A B`, the whole command, s", row.compareS],
      ["`slices.ndjson`, MB", row.slicesMegabytes],
      ["`report.html`, kB", row.reportKilobytes],
      ["report opened to second frame, s", row.drawnS],
    ],
  };
}
