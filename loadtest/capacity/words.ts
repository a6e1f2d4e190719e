import { count, growth, percent, perSecond } from "../report/format.ts";
import type { Capacity } from "./document.ts";

/** What was found, one sentence each. */
export function capacityInWords(capacity: Capacity): string[] {
  return [foundInWords(capacity), bottleneckInWords(capacity), forecastInWords(capacity)].flatMap(
    (words) => words ?? [],
  );
}

function foundInWords({ ceiling, confidence, high, low, stopped, until }: Capacity): string {
  const early = stopped === null ? "" : ` The search ended early: ${stopped}.`;
  if (low === null && high === null) return `Nothing was found.${early}`;
  if (low === null) return `${until} was kept at no rate, not even near ${perSecond(high!)}.${early}`;
  if (high === null) return `${until} was kept up to ${perSecond(low)} and the limit is beyond.${early}`;
  // Runs far from the limit count as never wrong, which nobody can promise.
  const sure = confidence > 0.99 ? `over ${percent(0.99, 0)}` : percent(confidence, 0);
  if (ceiling === "generator") {
    return `${until} is kept at ${perSecond(low)}, and at ${perSecond(high)} this generator, or the machine it shares with the server, cannot keep up: the server's capacity may be higher.${early}`;
  }
  return `${until} is kept up to ${perSecond(low)} and no longer at ${perSecond(high)} (confidence ${sure}).${early}`;
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
