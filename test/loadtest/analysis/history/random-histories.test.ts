import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { checkHistory } from "../../../../loadtest/analysis/history/check-history.ts";
import { createRandom } from "../../../../loadtest/stats/random.ts";
import { MUTATIONS } from "./mutations.ts";
import { validDialog } from "./model.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

test("random valid histories have no anomaly", () => {
  let twins = 0;
  const property = fc.property(seeds, (seed) => {
    const verdict = checkHistory(validDialog(seed, 3, 8));
    twins += verdict.twins;
    assert.deepEqual(verdict.evidence, []);
    assert.equal(verdict.unread, 0);
  });
  fc.assert(property, { numRuns: 500 });
  assert.ok(twins > 10, "some messages moved with their shard's death");
});

for (const { name, kind, apply } of MUTATIONS) {
  test(`${kind}: ${name}`, () => {
    let applied = 0;
    const property = fc.property(seeds, (seed) => {
      const changed = apply(validDialog(seed, 3, 8), createRandom(seed, 1));
      if (changed === null) return;
      applied++;
      const { anomalies } = checkHistory(changed);
      const found = Object.entries(anomalies).flatMap(([one, count]) => (count > 0 ? [one] : []));
      assert.deepEqual(found, [kind]);
    });
    fc.assert(property, { numRuns: 300 });
    // A message that moves is in one log of fifteen.
    assert.ok(applied > 0);
  });
}
