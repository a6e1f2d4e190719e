import { count, percent, perSecond, plural, span, times } from "./format.js";

/** @import { LiveMove, LiveShard, LiveSnapshot } from "../../../protocol/live.ts" */
/** @import { TopologyChange } from "../../../protocol/topology-change.ts" */

/** A change is what the page says next to its headline for so long, seconds. */
const MOMENT_S = 120;

/** @param {string} words */
export const sentence = (words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** What is said of a shard that does not do all that a shard does; else empty. @param {LiveShard} shard */
export function standing({ out, role, state }) {
  if (out !== undefined) return out.phase === "lost" ? "out" : "returning";
  if (state === "down") return "down";
  return role === "takes" ? "" : role;
}

/**
 * Shards that do not answer, or whose history is missing; empty when there are none.
 *
 * @param {LiveSnapshot} snapshot
 * @param {boolean} [isSpoken] without what changes every second, which would be read out again and again
 */
export function lost({ shards }, isSpoken = false) {
  const [out, returning, down, quiet] = [
    shards.filter((shard) => standing(shard) === "out"),
    shards.filter((shard) => standing(shard) === "returning"),
    shards.filter((shard) => standing(shard) === "down" && shard.role === "takes"),
    shards.filter((shard) => standing(shard) === "down" && shard.role !== "takes"),
  ];
  const ago = out.length === 1 && !isSpoken ? ` ${span(out[0]?.out?.s ?? 0)} ago` : "";
  return [
    told(out, `was taken out${ago}: new messages go to the others, its history is missing until it is back.`),
    told(returning, "is back and takes messages: its history is shown when it has been compared with the others."),
    told(down, "does not answer: its messages wait or are refused, its history is missing."),
    told(quiet, "does not answer: it takes no new messages, its history is missing."),
  ]
    .filter((words) => words !== "")
    .join(" ");
}

/** @param {readonly LiveShard[]} shards @param {string} one what is said of one */
function told(shards, one) {
  const labels = shards.map(({ label }) => label).join(", ");
  if (shards.length < 2) return shards.length === 0 ? "" : `Shard ${labels} ${one}`;
  const many = one
    .replace(/^was /, "were ")
    .replace(/^is /, "are ")
    .replace(/^does /, "do ")
    .replace("takes messages", "take messages")
    .replace("it takes", "they take")
    .replace("it is back", "they are back")
    .replace("it has been", "they have been")
    .replaceAll("its ", "their ");
  return `Shards ${labels} ${many}`;
}

/** The last change while it is news, and what it does to the skew; else empty. @param {LiveSnapshot} snapshot */
export function moment({ changes, second, skew }) {
  const last = changes.at(-1);
  const age = second - Math.floor((last?.at ?? 0) / 1_000);
  if (last === undefined || age > MOMENT_S) return "";
  const now = last.came?.after ?? skew?.maxOverMean;
  const figures = [
    last.before === undefined ? "" : `was ${times(last.before)}`,
    last.forecast === undefined ? "" : `forecast ${times(last.forecast.after)}`,
    now === undefined || (last.before === undefined && last.forecast === undefined) ? "" : `is ${times(now)}`,
  ].filter((figure) => figure !== "");
  const effect = figures.length < 2 ? "" : ` Max/mean ${figures.join(", ")}.`;
  return `${span(Math.max(0, age))} ago: ${last.words}.${effect}`;
}

/** What was forecast of a change, and what came of it; empty where nothing is known. @param {TopologyChange} change */
export function outcome({ afterwards, before, came, forecast }) {
  const others = came?.others ? `, with ${plural(came.others, "more change")} in between` : "";
  return [
    forecast === undefined ? "" : `Forecast: max/mean ${times(forecast.before)} → ${times(forecast.after)}.`,
    came === undefined
      ? ""
      : `Came true: ${before === undefined ? "" : `${times(before)} → `}${times(came.after)}${others}.`,
    forecast !== undefined && came === undefined ? "What comes true is known after half a minute of traffic." : "",
    afterwards === undefined ? "" : sentence(afterwards),
  ]
    .filter((words) => words !== "")
    .join(" ");
}

/** What is on its way between shards. @param {LiveMove} move */
export function moveTitle({ kind, phase, shard }) {
  if (kind === "return") return `Shard ${shard ?? ""} returns: what it holds is compared with the others`;
  return phase === "copy"
    ? "Rebalance: older messages are copied to where the newest segment puts them"
    : "Rebalance: what was copied is removed from where it was";
}

/** How far it is. @param {LiveMove} move */
export function moveNote({ duty, of, remainingS, rowsPerS, seen }) {
  const rows = of === null ? plural(seen, "message") : `${count(seen)} of ${count(of)} messages`;
  if (rowsPerS === null) return `${rows} looked at by another server, as it said last.`;
  const left = remainingS === null ? "" : `, ${span(Math.ceil(remainingS))} left`;
  const pace =
    duty === null || duty >= 0.995 ? "" : ` It works ${percent(duty, 0)} of the time, so that messages do not wait.`;
  return `${rows} looked at, ${perSecond(rowsPerS)}${left}.${pace}`;
}
