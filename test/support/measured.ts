import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { isSpoiled } from "../../loadtest/experiments/replay.ts";
import type { Result } from "../../loadtest/analysis/result/result.ts";

type Judged = Pick<Result, "verdict">;

/**
 * Tells a run that the machine spoiled from a fault of hotshard: the run is VALID, or its machine alone made it INVALID
 * and the test's output says so. What it counted is certain either way, how long anything took only when it is VALID.
 *
 * @returns whether its durations can be judged
 * @throws {AssertionError} when it is INVALID for any other reason
 */
export function assertMeasured(t: TestContext, result: Judged): boolean {
  const { status, reasons } = result.verdict;
  if (status === "VALID") return true;
  const words = reasons.map(({ code, message }) => `${code}: ${message}`).join("; ");
  assert.ok(isSpoiled(result), `the fault is not the machine's: ${words}`);
  t.diagnostic(`this busy machine spoiled the run, so no duration of it is judged (${words})`);
  return false;
}
