import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { compareRuns, DEFAULT_COMPARE } from "../../../../loadtest/experiments/compare/compare.ts";
import { seriesOf } from "../../../../loadtest/analysis/slices/series.ts";
import { SCHEMAS } from "../../../../tools/schemas.ts";
import { syntheticRun } from "../../../support/synthetic-run.ts";

function opened(noise: number) {
  const { result, slices } = syntheticRun({ noise, seconds: 10 });
  return { name: String(noise), result, series: seriesOf(result, slices), dialogs: null };
}

test("another validator accepts a comparison, and refuses one with a hole", () => {
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(SCHEMAS.comparison);
  const comparison = compareRuns(opened(1), opened(2), DEFAULT_COMPARE);
  assert.equal(validate(comparison), true, JSON.stringify(validate.errors));
  assert.equal(validate({ ...comparison, changes: [{}] }), false);
});
