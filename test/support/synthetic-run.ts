import { buildResult } from "../../loadtest/analysis/build-result.ts";
import { createSliceKeeper } from "../../loadtest/measurement/slice-keeper.ts";
import type { Slice } from "../../loadtest/measurement/measurement.ts";
import type { Result } from "../../loadtest/analysis/result/result.ts";
import { createHistogram } from "../../loadtest/measurement/histogram.ts";
import { packHistogram } from "../../loadtest/measurement/packed-histogram.ts";
import { createRandom } from "../../loadtest/stats/random.ts";
import { runEvidence } from "./run-evidence.ts";

export interface SyntheticOptions {
  /** Of the noise, and of nothing else. */
  readonly noise: number;
  readonly shards?: number;
  readonly seconds?: number;
  /** Messages per second and shard. */
  readonly perShard?: number;
  /** Multiplies the commits of one shard. */
  readonly slow?: Readonly<Record<string, number>>;
  /** Multiplies all durations: the machine's state in this run. */
  readonly drift?: number;
  /** How much of a second's mood the next one inherits, 0 to below 1. */
  readonly memory?: number;
  /** Of the logarithms of a second's durations, what they have in common: the standard deviation of what is new in it. */
  readonly mood?: number;
}

const bases = new Map<number, Result>();

function baseOf(shards: number): Result {
  let base = bases.get(shards);
  if (base === undefined) bases.set(shards, (base = buildResult(runEvidence({ shards, rate: 400, hotShare: 0.2 }))));
  return base;
}

/** A run that never happened: commits of about 20 ms, seconds that resemble their neighbours, Poisson traffic. */
export function syntheticRun(options: SyntheticOptions): { result: Result; slices: Slice[] } {
  const {
    noise,
    shards = 4,
    seconds = 30,
    perShard = 100,
    slow = {},
    drift = 1,
    memory = 0.4,
    mood: size = 0.01,
  } = options;
  const base = baseOf(shards);
  const random = createRandom(noise, 7_001);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const keeper = createSliceKeeper();
  // As if it had gone on for ever.
  const moods = base.shards.map(() => (normal() * size) / Math.sqrt(1 - memory ** 2));
  for (let second = 0; second < seconds; second += 1) {
    base.shards.forEach(({ label }, shard) => {
      const mood = memory * moods[shard]! + normal() * size;
      moods[shard] = mood;
      const [delivery, commit] = [createHistogram(), createHistogram()];
      const acked = Math.max(0, Math.round(perShard + Math.sqrt(perShard) * normal()));
      for (let i = 0; i < acked; i += 1) {
        const took = 20 * drift * (slow[label] ?? 1) * Math.exp(mood + 0.1 * normal());
        commit.record(took);
        if (i % 10 > 0) delivery.record(took * (1 + random.uniform()) + random.exponential());
      }
      const parts = { delivery: packHistogram(delivery.toData()), commit: packHistogram(commit.toData()) };
      keeper.add({ second, shard: label, acked, ...parts });
    });
  }
  const dials = { ...base.run.dials, warmupS: 0, durationS: seconds };
  const run = { ...base.run, id: `synthetic${noise}`, durationS: seconds, dials };
  return { result: { ...base, run }, slices: keeper.slices() };
}
