import { sentence } from "./change-words.js";
import { growth, percent, plural, times } from "./format.js";

/** @import { LiveSnapshot, LiveStart } from "../../../protocol/live.ts" */

/** What the page says first. @param {LiveSnapshot} snapshot */
export function headline({ skew, windowS, writable }) {
  if (windowS === 0) return "Counting the first second …";
  if (skew === null) return "No messages in the last ten seconds.";
  if (writable === 1) return "One shard takes everything: there is nothing to balance.";
  const takes = `takes ${percent(1 / skew.effectiveShards)} of the messages`;
  const fair = `${times(skew.maxOverMean)} its fair share`;
  return skew.maxOverMean <= skew.noiseFloor.p99
    ? `No shard burns: shard ${skew.fullest}, the fullest, ${takes}, ${fair} and no more than chance.`
    : `Shard ${skew.fullest} ${takes}: ${fair}.`;
}

/** Why, as far as the hot dialogs tell. @param {LiveSnapshot} snapshot */
export function cause({ skew, hot, writable }) {
  const [top] = hot;
  if (skew === null || !skew.burning || top === undefined) return "";
  const places = top.placed?.length ?? 1;
  const alone = (top.share / places) * writable > 0.5 && (top.placed ?? top.shards).includes(skew.fullest);
  if (!alone) return "No dialog does it alone: look at the placement, and at the hot dialogs together.";
  const parts = places > 1 ? `, split over ${places} shards` : "";
  return `Cause: one dialog, ${top.dialog}, with ${percent(top.share)} of the last minute’s messages${parts}.`;
}

/** How far it is to the limit. @param {LiveSnapshot} snapshot */
export function outlook({ headroom }) {
  if (headroom === null) return "";
  return headroom.growthToLimit < 0
    ? `Shard ${headroom.shard} is past saturation: it is sent more than it can write.`
    : `Shard ${headroom.shard} saturates at ${growth(headroom.growthToLimit)} traffic.`;
}

/** What seldom changes while the server runs. @param {LiveStart} start @param {LiveSnapshot} snapshot */
export function whereabouts({ shards, placement, node }, { epoch }) {
  const engines = [...new Set(shards.map(({ engine }) => (engine === "mysql" ? "MySQL" : "SQLite")))].join(" and ");
  const shapes = [...new Set(shards.flatMap(({ shaped }) => shaped ?? []))];
  const shaped = shapes.length === 0 ? "" : ` · shaped: ${shapes.join("; ")}`;
  return ` · ${plural(shards.length, "shard")}, ${placement} · ${engines} · node ${node}, epoch ${epoch}${shaped}`;
}

/** What is worth interrupting a listener for: it changes with the state, not with the figures. @param {LiveSnapshot} snapshot */
export function announcement(snapshot) {
  const { changes, skew } = snapshot;
  const changed = changes.length === 0 ? "" : ` ${sentence(changes.at(-1)?.words ?? "")}`;
  if (skew === null) return `No messages.${changed}`;
  return `${skew.burning ? `Shard ${skew.fullest} is hot.` : "No shard is hot."}${changed}`;
}
