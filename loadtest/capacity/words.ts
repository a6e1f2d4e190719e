import { count, growth, percent, perSecond, plural } from "../report/format.ts";
import { inWords } from "../countdown.ts";
import type { Capacity } from "./document.ts";

/** Rates that are typically asked for, milliseconds of each run, and those of --within. */
export interface Plan {
  readonly rates: number;
  readonly each: number;
  readonly withinMs: number;
}

/** Of these rates up to so many times as many runs are made, as one near the limit is tried again. */
const TRIED_AGAIN = 1.7;

/** How many runs it will take and how long, or that the time given ends it before. */
export function planInWords({ each, rates, withinMs }: Plan, duration: string): string {
  const most = Math.round(rates * TRIED_AGAIN);
  const runs = `about ${rates} to ${most} runs of ${duration}`;
  if (withinMs < rates * each) {
    const fit = Math.max(1, Math.floor(withinMs / each));
    return `${runs} would take ${inWords(rates * each)} or more; --within ends it after ${inWords(withinMs)}, some ${plural(fit, "run")}.`;
  }
  const longest = Math.min(rates * TRIED_AGAIN * each, withinMs);
  return `${runs}, ${inWords(rates * each)} to ${inWords(longest)}.`;
}

/** What was found, one sentence each. */
export function capacityInWords(capacity: Capacity): string[] {
  return [foundInWords(capacity), bottleneckInWords(capacity), forecastInWords(capacity)].flatMap(
    (words) => words ?? [],
  );
}

function foundInWords({ ceiling, confidence, high, low, steps, stopped, until }: Capacity): string {
  const early = stopped === null ? "" : ` The search ended early: ${stopped}.`;
  if (low === null && high === null) return `${undecided(until, steps)}${early}`;
  if (low === null) return `${until} was kept at no rate, not even near ${perSecond(high!)}.${early}`;
  if (high === null) return `${until} was kept up to ${perSecond(low)} and the limit is beyond.${early}`;
  // Runs far from the limit count as never wrong, which nobody can promise.
  const sure = confidence > 0.99 ? `over ${percent(0.99, 0)}` : percent(confidence, 0);
  if (ceiling === "generator") {
    return `${until} is kept at ${perSecond(low)}, and at ${perSecond(high)} this generator, or the machine it shares with the server, cannot keep up: the server's capacity may be higher.${early}`;
  }
  return `${until} is kept up to ${perSecond(low)} and no longer at ${perSecond(high)} (confidence ${sure}).${early}`;
}

/** No rate was tried often enough to be decided; what its runs said all the same. */
function undecided(until: string, steps: Capacity["steps"]): string {
  const [first] = steps;
  if (first === undefined) return "Nothing was found: no run was judged.";
  const at = perSecond(first.rate);
  const kept = steps.filter(({ vote }) => vote === "pass").length;
  if (steps.length === 1) {
    const did = kept === 1 ? "kept" : "did not keep";
    return `No rate was decided: one run at ${at} ${did} ${until}, too near the limit to say so alone.`;
  }
  return `No rate was decided: ${kept} of ${plural(steps.length, "run")} at ${at} kept ${until}, too near the limit to say so.`;
}

function bottleneckInWords({ bottleneck }: Capacity): string | null {
  if (bottleneck === null) return null;
  const { evidence, shard, what } = bottleneck;
  const name =
    what === "shard"
      ? `the writer of shard ${shard}`
      : what === "generator"
        ? "the generator"
        : "the server's event loop";
  return `Bottleneck: ${name} (${evidence}).`;
}

function forecastInWords({ forecast, high, low }: Capacity): string | null {
  if (forecast === null) return null;
  const said = `The report of the run at ${perSecond(forecast.atRate)} forecast that shard ${forecast.shard} saturates at ${perSecond(forecast.rate)}`;
  if (forecast.error === null) return `${said}; that was not reached.`;
  return `${said}; found ${count(low!)} to ${perSecond(high!)}: the forecast is ${growth(forecast.error)} off. Saturation is where the queue grows for ever; a threshold on latency is met a little below.`;
}

/** One line of the table of runs. */
export function stepInWords({ rate, vote, why }: Capacity["steps"][number]): string {
  return `${perSecond(rate).padStart(9)}  ${vote.padEnd(9)}  ${why}`;
}
