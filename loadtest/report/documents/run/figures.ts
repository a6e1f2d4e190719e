import type { Result } from "../../../analysis/result/result.ts";
import { duration, growth, percent, plural, times } from "../../../stats/format.ts";
import { effectiveShardsPicture } from "../../pictures/effective-shards.ts";
import { shareByShard } from "../../pictures/share-by-shard.ts";
import { isBurning, knowsNoShares } from "../../words/run.ts";
import type { Block, Figure } from "../model.ts";
import { messagesByShard } from "./shards.ts";

function latencyFigures(result: Result): Figure[] {
  const isGrey = result.verdict.status === "INVALID";
  const blast = result.blastRadius;
  const { p50, p95 = 0, p99 } = result.latencyMs.delivery;
  const delivery = {
    name: "Delivery, p99",
    value: duration(p99),
    note: `p95 ${duration(p95)}, median ${duration(p50)}, from the intended send`,
    isGrey,
  };
  if (blast === null) return [delivery];
  const where = `${duration(blast.hotMs)} on shard ${blast.shard}, ${duration(blast.elsewhereMs)} elsewhere`;
  const radius = {
    name: "Blast radius",
    value: times(blast.p99, blast.p99 < 10 ? 2 : 0),
    note: `innocent dialogs' p99: ${where}`,
    isHot: blast.p99 > 1.2,
    isGrey,
  };
  return [delivery, radius];
}

function headroomFigure({ headroom, server }: Result): Figure {
  if (headroom === null) {
    const note = "its writers were hardly busy, or had too few commits to know their limit";
    return { name: "Headroom", value: "unknown", note };
  }
  const { growthToLimit } = headroom;
  const shard = `shard ${headroom.shard}${server.shaped === null ? "" : " (shaped)"}`;
  return {
    name: "Headroom",
    value: growth(growthToLimit),
    note: growthToLimit < 0 ? `${shard} is sent more than it can write` : `of traffic until ${shard} saturates`,
    isHot: growthToLimit < 0.2,
  };
}

function skewFigures(result: Result): Figure[] {
  const { skew, shards } = result;
  if (knowsNoShares(result)) {
    const note = "it is not known where the messages belong";
    return [{ name: "Skew, max/mean", value: "unknown", note, isGrey: true }];
  }
  const { mean, p99 } = skew.noiseFloor;
  const used = skew.effectiveShards.toFixed(1);
  return [
    {
      name: "Skew, max/mean",
      value: times(skew.maxOverMean),
      note: `chance alone: ${times(mean)}, at most ${times(p99)} in 99 of 100 runs`,
      isHot: isBurning(result),
    },
    {
      name: "Effective shards",
      value: `${used} of ${shards.length}`,
      note: `${shards.length} paid, ${used} used`,
      picture: effectiveShardsPicture(result),
    },
  ];
}

function shares(result: Result): Block[] {
  if (knowsNoShares(result)) return [];
  const { of, cv, gini, distinctDialogs } = result.skew;
  const dialogs = plural(distinctDialogs, "dialog");
  const indices = `Coefficient of variation ${percent(cv)}, Gini ${gini.toFixed(3)}, ${dialogs}.`;
  return [
    {
      kind: "picture",
      picture: shareByShard(result),
      caption: `Share of the ${of} messages by shard. ${indices}`,
    },
    messagesByShard(result),
  ];
}

/** Key figures and the share of every shard: the first screen. */
export const opening = (result: Result): Block[] => [
  {
    kind: "figures",
    figures: [...skewFigures(result), ...latencyFigures(result), headroomFigure(result)],
    areMany: result.shards.length > 8,
  },
  ...shares(result),
];
