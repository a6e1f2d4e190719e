import assert from "node:assert/strict";
import { test } from "node:test";
import { skipWithoutK6 } from "../../../../support/k6.ts";
import { plans } from "./plan.ts";
import { runK6 } from "./run-k6.ts";

test("the same seed makes the same users, dialogs and moments in k6 and in Node", { skip: skipWithoutK6 }, async () => {
  const { code, stdout, stderr } = await runK6("test/loadtest/drivers/k6/script/plan.k6.ts");
  assert.equal(code, 0, stderr);
  const expected = plans();
  assert.deepEqual(JSON.parse(stdout), expected);
  assert.equal(new Set(expected.map((plan) => JSON.stringify(plan))).size, expected.length, "cases differ");
});
