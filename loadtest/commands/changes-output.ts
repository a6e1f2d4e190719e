import type { TopologyChange } from "../../server/protocol/topology-change.ts";
import { plural, times } from "../stats/format.ts";

/** Changes that `hotshard shards status` names. */
const MOST_NAMED = 5;

/** The last changes of the topology, the newest first, each in a sentence with its time of day. */
export function changeSentences(changes: readonly TopologyChange[]): string[] {
  return changes.slice(-MOST_NAMED).toReversed().map(sentenceOf);
}

function sentenceOf({ afterwards, at, before, came, epoch, forecast, words }: TopologyChange): string {
  const figures = [
    ...(before === undefined ? [] : [`was ${times(before)}`]),
    ...(forecast === undefined ? [] : [`forecast ${times(forecast.after)}`]),
    ...(came === undefined ? [] : [`came to ${times(came.after)}`]),
  ];
  const others = came === undefined || came.others === 0 ? "" : `, with ${plural(came.others, "more change")} since`;
  const skew = figures.length === 0 ? "" : `; max/mean ${figures.join(", ")}${others}`;
  const then = afterwards === undefined ? "" : `; ${afterwards}`;
  return `${new Date(at).toISOString().slice(11, 19)} UTC, epoch ${epoch}: ${words}${skew}${then}.`;
}
