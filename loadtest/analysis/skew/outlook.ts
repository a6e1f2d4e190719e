import { sum } from "d3-array";
import type { Topology } from "../../../server/placement/contract.ts";
import { maxOverMean } from "../../../server/statistics/skew.ts";
import { perSecond } from "../../stats/format.ts";
import type { Result } from "../result/result.ts";
import { advise } from "./advice.ts";
import { expectedLoads } from "./forecast.ts";
import { headroomOf, type AdviceForecast } from "./headroom.ts";
import { newestSegment } from "./newest-segment.ts";
import { labelsOf, remedyTopology } from "./remedy.ts";
import { whatIf } from "./what-if.ts";
import type { Layout } from "./where-it-lay.ts";

interface Ground {
  readonly layout: Layout;
  readonly topology: Topology;
  readonly shards: Result["shards"];
  /** Whether other dialogs become hot while the traffic goes on. */
  readonly walks: boolean;
}

/**
 * What is to come: what to do, how far the traffic can grow, what other placements would make of it. All of it is of
 * the topology as it is now, its newest segment. What a run wrote under older ones is taken to be written again under
 * that.
 */
export function outlook({ layout, topology, shards, walks }: Ground): Pick<Result, "advice" | "headroom" | "whatIf"> {
  const { counts, dialogs } = layout;
  const advice = advise({ topology, counts, walks });
  const offered = layout.isNewestAlone ? shards : offeredNow(shards, layout, topology);
  const headroom = headroomOf(offered, forecastOf(advice, layout, topology));
  return {
    advice: saidOfLoad(layout.isNewestAlone ? advice : saidOfNewest(advice, layout, topology), headroom),
    headroom,
    whatIf: whatIf(
      dialogs,
      {
        placement: newestSegment(topology).placement,
        shards: labelsOf(newestSegment(topology)).length,
        label: layout.baseLabel,
      },
      counts,
    ),
  };
}

/** The first advice says what all of them are about. */
function saidOfNewest(advice: Result["advice"], { counts }: Layout, topology: Topology): Result["advice"] {
  const now = maxOverMean(expectedLoads(topology, counts)).toFixed(2);
  const about =
    `This is of the newest topology alone (epoch ${topology.epoch}): these dialogs written again ` +
    `under it have max/mean ${now}.`;
  return advice.map((one, i) => (i === 0 ? { ...one, text: `${one.text} ${about}` } : one));
}

/** Shards that are even may be too few all the same: no placement helps against that. */
function saidOfLoad(advice: Result["advice"], headroom: Result["headroom"]): Result["advice"] {
  const [first] = advice;
  const isPast = headroom !== null && (headroom.growthInterval?.high ?? headroom.growthToLimit) < 0;
  if (first?.action !== "none" || !isPast) return advice;
  const { shard, nowPerS, limitPerS } = headroom;
  const load = `${perSecond(nowPerS)} of at most ${perSecond(limitPerS)}`;
  return [
    {
      ...first,
      text: `${first.text} Shard ${shard} is sent more than it can write (${load}): add shards, or faster ones.`,
    },
  ];
}

/** Messages per second that each shard would be sent if the same were written under the newest segment. */
function offeredNow(shards: Result["shards"], { counts }: Layout, topology: Topology): Result["shards"] {
  const loads = expectedLoads(topology, counts);
  const perS = sum(shards, ({ offeredPerS }) => offeredPerS) / sum(loads);
  return shards.map((shard, i) => ({ ...shard, offeredPerS: loads[i]! * perS }));
}

/** What the first advice promises; null when it is to do nothing. */
function forecastOf(advice: Result["advice"], { counts }: Layout, topology: Topology): AdviceForecast | null {
  const [first] = advice;
  if (first === undefined || first.action === "none") return null;
  const followed = remedyTopology(topology, first);
  const loads = expectedLoads(followed, counts);
  const total = sum(loads);
  return {
    shares: new Map(followed.shards.map((label, i) => [label, loads[i]! / total])),
    readFanout: first.readFanout ?? 1,
  };
}
