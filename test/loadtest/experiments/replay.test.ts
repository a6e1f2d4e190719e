import assert from "node:assert/strict";
import { test } from "node:test";
import { isSpoiled, playUntilMeasured } from "../../../loadtest/experiments/replay.ts";

const VALID = { verdict: { status: "VALID" as const, reasons: [] } };
const invalid = (...codes: string[]) => ({
  verdict: { status: "INVALID" as const, reasons: codes.map((code) => ({ code, message: "" })) },
});

test("a run is spoiled when the machine alone made it INVALID", () => {
  assert.equal(isSpoiled(VALID), false);
  assert.equal(isSpoiled(invalid("SEND_LAG")), true);
  assert.equal(isSpoiled(invalid("SEND_LAG", "CLOCK_JUMPED")), true);
  assert.equal(isSpoiled(invalid("SEND_LAG", "COUNTERS_CONTRADICT")), false);
  assert.equal(isSpoiled(invalid("INTERRUPTED")), false);
});

for (const [name, results, tries] of [
  ["a measured run is played once", [VALID], [false]],
  ["a spoiled one again, until it is measured", [invalid("SEND_LAG"), VALID], [true, false]],
  ["at most so often", [invalid("SEND_LAG"), invalid("HANDLER_LAG"), invalid("SEND_LAG")], [true, true, false]],
  ["what another try does not mend, once", [invalid("SAMPLES_MISSING")], [false]],
] as const) {
  test(name, async () => {
    const left = [...results];
    const told: boolean[] = [];
    const result = await playUntilMeasured(
      3,
      async () => left.shift()!,
      (_, again) => void told.push(again),
    );
    assert.deepEqual(told, tries);
    assert.equal(result, results.at(-1));
    assert.equal(left.length, 0);
  });
}
