import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { mutatedSources } from "./mutant-source.ts";
import { MUTANTS } from "./mutants.ts";

/** One of each rule that a few seeds catch; all of them are for `npm run mutants`. */
const QUICK = [
  "only one former owner is asked",
  "a boundary lies in the past",
  "what is under way on other servers is called stable",
  "the source is deleted by a range of ids",
];
const SEEDS = "60";

test("every mutant changes what is there", () => {
  for (const mutant of MUTANTS) assert.ok(mutatedSources(mutant).size > 0);
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
});

for (const name of QUICK) {
  test(`the simulation catches it: ${name}`, async () => {
    const hunt = join(import.meta.dirname, "hunt.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [hunt, name, SEEDS]);
    const { seed } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { seed: number | null };
    assert.notEqual(seed, null, `none of ${SEEDS} seeds`);
  });
}
