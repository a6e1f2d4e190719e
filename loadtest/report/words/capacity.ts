import { growth, percent, perSecond, plural, waitInWords } from "../../stats/format.ts";
import type { Capacity } from "../../analysis/result/capacity.ts";

/** Runs that a search takes, milliseconds of each, and those of --within. */
export interface Plan {
  readonly runs: { readonly few: number; readonly many: number };
  readonly each: number;
  readonly withinMs: number;
}

/** How many runs it will take and how long, or that the time given ends it before. */
export function planInWords({ each, runs: { few, many }, withinMs }: Plan, duration: string): string {
  const runs = `about ${few} to ${many} runs of ${duration}`;
  if (withinMs < few * each) {
    const fit = Math.max(1, Math.floor(withinMs / each));
    return (
      `${runs} would take ${waitInWords(few * each)} or more; --within ends it after ` +
      `${waitInWords(withinMs)}, some ${plural(fit, "run")}.`
    );
  }
  return `${runs}, ${waitInWords(few * each)} to ${waitInWords(Math.min(many * each, withinMs))}.`;
}

/** What was found, one sentence each. */
export function capacityInWords(capacity: Capacity): string[] {
  return [foundInWords(capacity), bottleneckInWords(capacity), forecastInWords(capacity)].flatMap(
    (words) => words ?? [],
  );
}

function foundInWords(capacity: Capacity): string {
  const { ceiling, estimate, high, level, low, reliable, stopped, until } = capacity;
  const early = stopped === null ? "" : ` The search ended early: ${stopped}.`;
  if (low === null && high === null) return "Nothing was found: no run was judged.";
  if (low === null) return `${until} was kept at no rate, not even near ${perSecond(high!)}.${early}`;
  if (high === null) return `${until} was kept up to ${perSecond(low)} and the limit is beyond.${early}`;
  const ends = `${percent(level, 0)} interval ${perSecond(low)} to ${perSecond(high)}`;
  const nine = reliable === null ? "" : ` Nine of ten keep it at ${perSecond(reliable)}.`;
  if (ceiling === "generator") {
    return (
      `${until} is kept up to ${perSecond(estimate!)} (${ends}), and beyond this generator, or the machine ` +
      `it shares with the server, cannot keep up: the server's capacity may be higher.${early}`
    );
  }
  return `${until} is kept by half of the runs at ${perSecond(estimate!)} (${ends}).${nine}${early}`;
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

function forecastInWords({ estimate, forecast }: Capacity): string | null {
  if (forecast === null) return null;
  const { atRate, error, high, low, rate, shard } = forecast;
  const ends = low < high ? ` (95 % interval ${perSecond(low)} to ${perSecond(high)})` : "";
  const said =
    `The report of the run at ${perSecond(atRate)} forecast that shard ${shard} saturates at ` +
    `${perSecond(rate)}${ends}`;
  if (error === null) return `${said}; that was not reached.`;
  return (
    `${said}; found ${perSecond(estimate!)}: the forecast is ${growth(error)} off. Saturation is where the ` +
    "queue grows for ever; a threshold on latency is met a little below."
  );
}

/** One line of the table of runs. */
export function stepInWords({ rate, vote, why }: Capacity["steps"][number]): string {
  return `${perSecond(rate).padStart(9)}  ${vote.padEnd(9)}  ${why}`;
}
