import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import { demoTable } from "../../../../loadtest/experiments/demo/table.ts";
import type { DemoAct } from "../../../../loadtest/experiments/demo/demo.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

const ACTS: readonly (readonly [DemoAct["scenario"], placed: string])[] = [
  ["random", "ring:virtualNodes=1"],
  ["random", "slots"],
  ["lady-gaga", "slots"],
  ["lady-gaga", "slots, split in 3"],
  ["shard-loss", "slots"],
];

test("the demo's table fits 80 columns, of acts that a busy machine spoiled too", () => {
  for (const dropped of [0, 30]) {
    const result = buildResult(runEvidence({ rate: 2_125, dropped }));
    const played = ACTS.map(([scenario, placed], i) => {
      const forecast = i === 3 ? { maxOverMean: 1.1, of: "r123456789" } : null;
      return { act: { number: i + 1, scenario, placed, folder: `${i + 1}-act`, forecast }, result };
    });
    const lines = demoTable(played, "out").split("\n");
    assert.ok(lines[1]!.endsWith(" act 4"), "the fifth act has shards of its own");
    assert.ok(lines.some((line) => line.startsWith("Act 5: ")));
    assert.ok(lines.some((line) => line.includes("5-act/report.html")));
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.ok(lines.some((line) => line.startsWith(`asked, messages/s`) && line.endsWith(" 2,125")));
    assert.ok(lines.some((line) => line.startsWith("verdict") && line.endsWith(dropped > 0 ? " INVALID" : " VALID")));
  }
});
