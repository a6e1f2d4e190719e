import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { CapacitySchema } from "../../../loadtest/capacity/document.ts";
import { compareRuns, DEFAULT_COMPARE } from "../../../loadtest/compare/compare.ts";
import { ComparisonSchema } from "../../../loadtest/compare/comparison.ts";
import { seriesOf } from "../../../loadtest/slices/series.ts";
import { schemaText } from "../../../loadtest/report/schema-text.ts";
import { syntheticRun } from "../../support/synthetic-run.ts";

const shipped = (name: string): string =>
  readFileSync(new URL(`../../../loadtest/report/${name}.schema.json`, import.meta.url), "utf8");

function opened(noise: number) {
  const { result, slices } = syntheticRun({ noise, seconds: 10 });
  return { name: String(noise), result, series: seriesOf(result, slices), dialogs: null };
}

test("the shipped schemas are those that the code uses (else: node tools/write-schema.ts)", () => {
  assert.equal(shipped("comparison"), schemaText(ComparisonSchema));
  assert.equal(shipped("capacity"), schemaText(CapacitySchema));
});

test("another validator accepts a comparison, and refuses one with a hole", () => {
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(shipped("comparison")));
  const comparison = compareRuns(opened(1), opened(2), DEFAULT_COMPARE);
  assert.equal(validate(comparison), true, JSON.stringify(validate.errors));
  assert.equal(validate({ ...comparison, changes: [{}] }), false);
});
