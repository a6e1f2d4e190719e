import { join } from "node:path";
import { childRun } from "../child-run.ts";
import type { Slice } from "../../measurement/measurement.ts";
import { isSpoiled } from "../replay.ts";
import { eachSlice, readResult } from "../../report/run-folder.ts";
import { ConfigError } from "../../../server/config-error.ts";
import { packageVersion } from "../../system/version.ts";
import type { Capacity } from "../../analysis/result/capacity.ts";
import { strayFromRate, type RunAtRate } from "./follows-rate.ts";
import { createSearch, LEVEL, type Capacity95 } from "./search.ts";
import { stepOf, type Step } from "./step.ts";

/** A run that is INVALID for nobody's rate is made again, at most so often in a row. */
const MOST_VOID = 3;

export interface CapacityOrder {
  /** As typed after `hotshard run`, without --rate, --fail-on and --out. */
  readonly words: readonly string[];
  readonly until: string;
  readonly start: number;
  readonly precision: number;
  /** No run begins that would end later than this, ms after the start. */
  readonly withinMs: number;
  readonly command: string;
  readonly out: string;
  readonly signal: AbortSignal;
  readonly onRun: (done: number, rate: number) => void;
  readonly onStep: (step: Step) => void;
}

/** A search, and the exit code of a run that could not be made. */
export interface Found {
  readonly capacity: Capacity;
  readonly failure: { readonly code: number; readonly words: string } | null;
}

/**
 * Runs the scenario at one rate after the other. Each run is a process of its own, on a fresh server of its own.
 *
 * @throws {ConfigError} RATE_IGNORED when the runs show that the scenario does not follow --rate
 */
export async function findCapacity(order: CapacityOrder): Promise<Found> {
  const search = createSearch(order.start, order.precision);
  const steps: { step: Step; folder: string }[] = [];
  const startedAt = performance.now();
  let longest = 0;
  let voids = 0;
  let stopped: string | null = null;
  let failure: Found["failure"] = null;
  let first: RunAtRate | null = null;
  for (let run = 0; failure === null; run += 1) {
    const rate = search.next();
    if (rate === null) break;
    const began = performance.now();
    if (began - startedAt + longest > order.withinMs) {
      stopped = "the time given with --within is up";
      break;
    }
    const folder = join(order.out, `run-${String(run + 1).padStart(2, "0")}-at-${rate}`);
    order.onRun(run, rate);
    const { code, words } = await childRun(
      [...order.words, "--rate", String(rate), "--fail-on", order.until],
      folder,
      order.signal,
    );
    longest = Math.max(longest, performance.now() - began);
    if (order.signal.aborted) failure = { code: 130, words: "interrupted" };
    else if (code === 2 && steps.length > 0 && words.includes(": TOO_SHORT: ")) {
      // The way down leads to rates at which so short a run holds too few messages.
      stopped = `at ${rate}/s a run of this --duration is too short to know`;
      break;
    } else if (code !== 0 && code !== 1 && code !== 3) failure = { code, words };
    if (failure !== null) break;
    const result = await readResult(folder);
    // What a run has planned does not depend on how busy its machine was.
    if (result.verdict.status === "VALID" || isSpoiled(result)) {
      refuseStray(order, strayFromRate(first, rate, result));
      first ??= { rate, planned: result.traffic.planned };
    }
    const slices: Slice[] = [];
    await eachSlice(folder, (slice) => slices.push(slice));
    const step = stepOf(rate, result, slices);
    voids = step === null ? voids + 1 : 0;
    if (voids === MOST_VOID)
      failure = {
        code: 3,
        words: `hotshard: INVALID: ${voids} runs in a row at ${rate}/s measured nothing; see ${folder}`,
      };
    if (step === null) continue;
    steps.push({ step, folder });
    order.onStep(step);
    search.tell({ ...step, forecast: step.forecast?.low ?? null });
  }
  if (failure !== null) stopped = failure.words;
  return { capacity: capacityOf(order, search.found(), steps, stopped), failure };
}

function refuseStray({ out, words }: CapacityOrder, why: string | null): void {
  if (why === null) return;
  const instead =
    words[0] === "trace"
      ? 'Give a file of counts (dialog,count), which --rate paces, or try "hotshard run trace" with one --speed ' +
        "after the other"
      : 'Give a scenario that makes as many messages as --rate says, or try "hotshard run" with one dial after ' +
        "the other";
  throw new ConfigError(
    "RATE_IGNORED",
    `${words[0]} does not follow --rate: ${why}. A capacity is found by raising the rate. ${instead}; the run ` +
      `is in ${out}`,
  );
}

function capacityOf(
  order: CapacityOrder,
  found: Capacity95,
  steps: readonly { step: Step; folder: string }[],
  stopped: string | null,
): Capacity {
  const { ceiling, estimate, high, low } = found;
  const passed = steps.find(({ step }) => step.vote === "pass" && step.forecast !== null)?.step ?? null;
  const end = low === null ? "no rate kept it" : high === null ? "every rate kept it" : null;
  return {
    version: 2,
    hotshard: packageVersion(),
    scenario: order.words[0] ?? "",
    command: order.command,
    until: order.until,
    ...found,
    level: LEVEL,
    stopped: stopped ?? end,
    bottleneck: nearest(steps, high)?.bottleneck ?? null,
    forecast: passed === null ? null : forecastOf(passed, ceiling === "generator" ? null : estimate),
    steps: steps.map(({ step: { rate, value, vote, why }, folder }) => ({ rate, vote, value, why, folder })),
  };
}

/** Of the runs that did not pass, the one whose rate is nearest to the upper end. */
function nearest(steps: readonly { step: Step }[], high: number | null): Step | null {
  const not = steps.flatMap(({ step }) => (step.vote === "pass" || high === null ? [] : [step]));
  const off = ({ rate }: Step) => Math.abs(Math.log(rate / high!));
  return not.length === 0 ? null : not.reduce((best, step) => (off(step) < off(best) ? step : best));
}

function forecastOf({ forecast, rate: atRate }: Step, estimate: number | null): Capacity["forecast"] {
  const { high, low, rate, shard } = forecast!;
  return { atRate, shard, rate, low, high, error: estimate === null ? null : rate / estimate - 1 };
}
