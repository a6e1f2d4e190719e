import assert from "node:assert/strict";
import { test } from "node:test";
import { createInputFaults } from "../../../../../loadtest/whatif/input/input-faults.ts";
import { terminalWhatIf } from "../../../../../loadtest/report/reports.ts";
import { forecastLayouts } from "../../../../../loadtest/whatif/forecast-layouts.ts";

const counts = Array.from({ length: 300 }, (_, i) => Math.ceil(900 / (i + 1)));
const document = await forecastLayouts({
  hotshard: "0.0.0",
  name: "in.csv",
  kind: "counts",
  rows: (async function* () {
    yield { keys: counts.map((_, i) => `k${i}`), counts, times: [], lines: counts.map((_, i) => i + 1) };
  })(),
  faults: createInputFaults("in.csv"),
  today: { placement: "slots", shards: 16, assumed: false, overrides: [] },
  placements: ["ring:virtualNodes=20"],
  sizes: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16],
  target: 1.25,
  command: "hotshard whatif in.csv",
  onProgress: () => undefined,
});

/** A share for each shard, no two alike at one digit. */
const sharesOf = (shards: number) => Array.from({ length: shards }, (_, i) => (shards - i) / 1_000);

for (const [shards, columns] of [
  [4, 80],
  [16, 80],
  [64, 80],
  [64, 60],
  [1_024, 80],
] as const) {
  test(`${shards} shards on ${columns} columns: every shard's share, what chance explains, every column named`, () => {
    const shares = sharesOf(shards);
    const rows = document.rows.map((row) => (row.shards === 16 ? { ...row, shards } : row));
    const today = { ...document.today, shards, shares };
    const text = terminalWhatIf({ ...document, rows, today }, { columns }).replaceAll("\u202f", " ");
    const lines = text.split("\n");
    assert.deepEqual(
      lines.filter((line) => line.length > columns),
      [],
    );
    for (const [i, share] of shares.slice(0, 64).entries()) {
      const shown = `${String(i).padStart(2, "0")} .*\\b${(share * 100).toFixed(1)} %`;
      assert.match(text, new RegExp(`^(?:.* )?${shown}`, "mu"));
    }
    assert.equal(text.includes("by shard, the 64 fullest of 1,024"), shards === 1_024);
    const flat = text.replaceAll(/\s+/gu, " ");
    assert.match(flat, /As many equally heavy keys would lie at \d\.\d\d × by chance, below \d\.\d\d × in 99 of 100/u);
    assert.match(flat, /Every key was placed, nothing is estimated/u);
    const head = lines.findIndex((line) => /^shards +2/u.test(line));
    assert.match(lines[head + 1]!, /^slots +\d\.\d\d /u);
    const sizes = lines.filter((line) => /^shards +\d/u.test(line)).flatMap((line) => line.match(/\d+/gu)!.map(Number));
    const asked = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, shards].sort((a, b) => a - b);
    assert.deepEqual(sizes, [...new Set(asked), ...new Set(asked)], "of both tables");
  });
}
