import assert from "node:assert/strict";
import { test } from "node:test";
import { studentQuantile } from "../../../loadtest/stats/student.ts";
import { createDependence } from "../../../loadtest/stats/dependence.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";

const TRIALS = 600;
/** Seconds longer than a run of so many become cells of several. */
const CELLS = 60;

interface Planted {
  readonly seconds: number;
  /** Of what a second has from the one before, the share that the next one inherits. */
  readonly memory: number;
  /** Of a second's variance, the share that can be inherited; the rest is its own. */
  readonly common: number;
}

/** What each cell adds to the mean of a run, of which the truth is 0 and a second's standard deviation 1. */
function partsOf({ seconds, memory, common }: Planted, normal: () => number): Float64Array {
  const group = Math.ceil(seconds / CELLS);
  const parts = new Float64Array(seconds / group);
  let mood = normal();
  for (let second = 0; second < seconds; second += 1) {
    parts[Math.floor(second / group)]! += (Math.sqrt(common) * mood + Math.sqrt(1 - common) * normal()) / seconds;
    mood = memory * mood + Math.sqrt(1 - memory ** 2) * normal();
  }
  return parts;
}

const sumOf = (parts: Float64Array) => parts.reduce((sum, part) => sum + part, 0);

/** Share of 95 % intervals without the truth, and their length over that of Student's for independent cells. */
function intervals(planted: Planted): { misses: number; length: number } {
  const random = createRandom(planted.seconds, Math.round(10 * planted.memory));
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const cells = Math.min(CELLS, planted.seconds);
  const dependence = createDependence(cells);
  let [misses, length] = [0, 0];
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const parts = partsOf(planted, normal);
    const evidence = dependence.evidenceOf(parts);
    const { error, freedom } = dependence.errorOf(evidence, dependence.chancesOf([evidence]));
    const reach = error * studentQuantile(0.025, freedom);
    if (Math.abs(sumOf(parts)) > reach) misses += 1;
    length += (reach * Math.sqrt(planted.seconds)) / studentQuantile(0.025, cells - 1);
  }
  return { misses: misses / TRIALS, length: length / TRIALS };
}

test("intervals of nominally 5 % misses miss in at most 8 %, however much the seconds are correlated", () => {
  for (const seconds of [20, 60, 300]) {
    for (const memory of [0, 0.3, 0.5, 0.8]) {
      const { misses, length } = intervals({ seconds, memory, common: 1 });
      // 20 s of memory 0.8 are worth two or three independent ones, and nobody can know it from 20 s.
      const most = seconds === 20 && memory === 0.8 ? 0.12 : 0.08;
      assert.ok(misses <= most, `${seconds} s, memory ${memory}: ${misses} of the intervals miss`);
      if (memory === 0) assert.ok(length < (seconds === 20 ? 1.5 : 1.25), `${seconds} s: ${length} times as long`);
    }
  }
});

test("noise of each second's own does not hide what seconds have in common", () => {
  for (const seconds of [60, 300]) {
    const { misses } = intervals({ seconds, memory: 0.8, common: 0.5 });
    assert.ok(misses <= 0.09, `${seconds} s: ${misses} of the intervals miss`);
  }
});

test("runs of the same thing tell together how it hangs together", () => {
  const dependence = createDependence(20);
  const random = createRandom(3, 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const evidence = Array.from({ length: 8 }, () =>
    dependence.evidenceOf(partsOf({ seconds: 20, memory: 0, common: 1 }, normal)),
  );
  const lengthBy = (known: typeof evidence) => {
    const { error, freedom } = dependence.errorOf(evidence[0]!, dependence.chancesOf(known));
    return error * studentQuantile(0.001, freedom);
  };
  assert.ok(lengthBy(evidence) < 0.9 * lengthBy(evidence.slice(0, 1)));
});

test("what never varies has no error; a scale and a level change nothing but the scale", () => {
  const dependence = createDependence(12);
  const errorOf = (parts: Float64Array) => {
    const evidence = dependence.evidenceOf(parts);
    return dependence.errorOf(evidence, dependence.chancesOf([evidence]));
  };
  assert.equal(errorOf(new Float64Array(12)).error, 0);
  const parts = Float64Array.from({ length: 12 }, (_, i) => Math.sin(3 * i) + Math.sin(i / 3));
  const { error, freedom } = errorOf(parts);
  const other = errorOf(parts.map((part) => 10 * part + 7));
  assert.ok(Math.abs(other.error / error - 10) < 0.02 && Math.abs(other.freedom - freedom) < 0.2 * freedom);
});
