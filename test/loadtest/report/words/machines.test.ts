import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRuns, DEFAULT_COMPARE } from "../../../../loadtest/experiments/compare/compare.ts";
import { markdownComparison, htmlComparison, terminalComparison } from "../../../../loadtest/report/reports.ts";
import { settingsInWords } from "../../../../loadtest/report/words/comparison.ts";
import type { Machine } from "../../../../loadtest/analysis/result/machine-schema.ts";
import { seriesOf } from "../../../../loadtest/analysis/slices/series.ts";
import { syntheticRun } from "../../../support/synthetic-run.ts";

const MACHINE: Machine = { cpu: "AMD EPYC", cores: 2, memory: 2 ** 34, kernel: "Linux 6.1.0", node: "26.10.0" };

function compared(a: Machine | undefined, b: Machine | undefined) {
  const [left, right] = [a, b].map((machine, i) => {
    const { result, slices } = syntheticRun({ noise: i, seconds: 10 });
    const { machine: _, ...run } = result.run;
    const changed = { ...result, run: machine === undefined ? run : { ...run, machine } };
    return { name: "", result: changed, series: seriesOf(changed, slices), dialogs: null };
  });
  return compareRuns(left!, right!, DEFAULT_COMPARE);
}

test("other machines are told with the facts that differ, in every output", () => {
  const other = {
    ...MACHINE,
    cpu: "Intel Xeon",
    cores: 8,
    limits: { memory: 2 ** 29 },
    node: "26.11.0",
    commit: "abc",
  };
  const comparison = compared(MACHINE, other);
  const sentence =
    "A and B ran on different machines: processor AMD EPYC → Intel Xeon; cores 2 → 8; limit of memory none → 512 MiB.";
  assert.deepEqual(settingsInWords(comparison), [sentence, "Node: 26.10.0 → 26.11.0", "commit: none → abc"]);
  assert.deepEqual(comparison.machines[1], { name: "cores", a: "2", b: "8" });
  for (const text of [
    terminalComparison(comparison, { columns: 80 }, {}),
    markdownComparison(comparison),
    htmlComparison(comparison),
  ]) {
    assert.ok(text.replaceAll(/\s+/gu, " ").includes(sentence), text);
  }
});

test("the same machine is nothing to tell; one that is not known may be another", () => {
  assert.deepEqual(settingsInWords(compared(MACHINE, { ...MACHINE })), []);
  assert.deepEqual(settingsInWords(compared(undefined, undefined)), []);
  assert.deepEqual(settingsInWords(compared(undefined, MACHINE)), [
    "A and B may have run on different machines: machine not known → 2 cores of AMD EPYC, 16 GiB, Linux 6.1.0; Node 26.10.0.",
  ]);
});
