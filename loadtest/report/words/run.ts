import { changeHeadline, placedInWords } from "./changes.ts";
import { auditFaults } from "../../analysis/audit/audit.ts";
import { stopHeadline } from "./traffic.ts";
import { failureHeadline, isAllWell, outageHeadline } from "./failures.ts";
import { count, duration, growth, milliseconds, percent, plural, times } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";

type Shard = Result["shards"][number];
type SkewCauses = NonNullable<Result["skew"]["causes"]>;

/** What a factor of skew stands for. Report, Markdown and terminal use the same words. */
export const CAUSES = [
  { name: "chance", label: "Chance", meaning: "even a perfect hash never spreads so many dialogs quite evenly" },
  { name: "popularity", label: "Popularity", meaning: "some dialogs are heavier than others" },
  { name: "placement", label: "Placement", meaning: "the shares of the key space that it gives, its pins and splits" },
  { name: "change", label: "Change", meaning: "shards that joined or left on the way had less time than the others" },
  { name: "hash", label: "Hash", meaning: "where these very dialogs fell; 1 within its interval is chance" },
] as const;

export type CauseName = (typeof CAUSES)[number]["name"];

/** Those that a run has: under one segment of a topology nothing changed. */
export const causesIn = ({ change }: Pick<SkewCauses, "change">): (typeof CAUSES)[number][] =>
  CAUSES.filter(({ name }) => name !== "change" || change.factor !== 1);

/** The shard with most offered messages; the first of equals. */
export function hottestShard(result: Result): Shard | undefined {
  return result.shards.reduce<Shard | undefined>(
    (most, shard) => (most === undefined || shard.offered > most.offered ? shard : most),
    undefined,
  );
}

/** Why a run has no audit, by the reason of its verdict. */
const NOT_AUDITED: Readonly<Record<string, string>> = {
  SERVER_GONE: "The server was gone when the run ended: what it stored is not known.",
  SHARD_LOST: "A shard was lost when the run ended: what is stored is not known.",
};

/** Nothing is known of where messages belong, and nothing can be said of skew. */
export const knowsNoShares = ({ shards, skew }: Result): boolean =>
  skew.causes === null || shards.every(({ offered }) => offered === 0);

/** Whether chance explains the skew: max/mean no higher than the 99 % quantile of the noise floor. */
const isEven = (result: Result): boolean => result.skew.maxOverMean <= result.skew.noiseFloor.p99;

/** Up to here a shard may stand out without burning: the default target of the advice. */
const TARGET = 1.25;

/** Whether a shard burns: above what chance explains, and above the target. */
export const isBurning = (result: Result): boolean => !isEven(result) && result.skew.maxOverMean > TARGET;

export type LatencyMetric = NonNullable<Result["latencyIntervals"]>[number]["metric"];

/** `44.1–49.0`, milliseconds, or that it is not known; null when there is none. @param shard null: all together */
export function intervalInWords(
  { latencyIntervals = [] }: Result,
  metric: LatencyMetric,
  shard: string | null,
): string | null {
  const row = latencyIntervals.find((one) => one.metric === metric && one.shard === shard);
  if (row === undefined) return null;
  return row.low === null || row.high === null ? "not known" : `${milliseconds(row.low)}–${milliseconds(row.high)}`;
}

/** The factor that raises max/mean most. */
export function mainCause(result: Result): CauseName | null {
  const { causes } = result.skew;
  if (causes === null) return null;
  return CAUSES.map(({ name }) => name).reduce((most, name) =>
    causes[name].factor > causes[most].factor ? name : most,
  );
}

/** What leads every page: what failed, else the skew. */
export function headline(result: Result): string {
  const gone = result.verdict.reasons.flatMap(({ code }) => NOT_AUDITED[code] ?? [])[0];
  return (
    stopHeadline(result) ??
    outageHeadline(result) ??
    failureHeadline(result) ??
    gone ??
    changeHeadline(result) ??
    skewInWords(result)
  );
}

/** `Shard 02 takes 55.1 % of the messages: 2.20 × its fair share.` */
function skewInWords(result: Result): string {
  const hot = hottestShard(result);
  if (hot === undefined || knowsNoShares(result)) return "No message was sent.";
  if (result.shards.length === 1) return "One shard takes everything: there is nothing to balance.";
  const takes = `takes ${percent(hot.share)} of the messages`;
  if (isEven(result)) {
    const all =
      result.skew.maxOverMean > TARGET ? `Shard ${hot.label}` : `No shard burns: shard ${hot.label}, the fullest,`;
    return `${all} ${takes}, ${times(result.skew.maxOverMean)} its fair share and no more than chance.`;
  }
  return `Shard ${hot.label} ${takes}: ${times(result.skew.maxOverMean)} its fair share.`;
}

/** `one dialog with 40.0 % of the messages`, in words that follow `Cause:`. */
export function causeInWords(result: Result): string {
  const { causes, distinctDialogs, distinctPairs, segments } = result.skew;
  const cause = mainCause(result);
  if (causes === null || cause === null) return "not known";
  const factor = times(causes[cause].factor);
  const [top] = result.hotDialogs;
  if (cause === "placement") {
    return `the placement ${result.server.placement} gives the shards unequal shares of the keys (${factor})`;
  }
  if (cause === "change")
    return `the topology changed during the run: shards that joined or left had less time (${factor})`;
  if (cause === "hash") return `where the hash put these dialogs (${factor})`;
  if (cause === "chance") {
    const keys =
      distinctPairs === undefined
        ? plural(distinctDialogs, "dialog")
        : `${plural(distinctPairs, "pair")} of dialog and time bucket`;
    return `few dialogs: ${keys} cannot fall evenly on ${plural(result.shards.length, "shard")}`;
  }
  if (top !== undefined && top.share * result.shards.length > 0.5) {
    const parts = top.shard.split("+").length;
    const isSplit = distinctPairs === undefined && segments === undefined;
    const split = parts > 1 ? `, ${isSplit ? `though split over ${parts}` : `in time on ${parts}`} shards` : "";
    return `one dialog with ${percent(top.share)} of the messages${split}`;
  }
  const together = result.hotDialogs.reduce((total, { share }) => total + share, 0);
  return `popular dialogs: the ${result.hotDialogs.length} heaviest hold ${percent(together)} of the messages`;
}

/**
 * The first advice and what it promises, for the line under the headline; null when there is nothing to do. Pins and
 * splits are steps: it says what all of them give.
 */
export function remedyInWords(result: Result): string | null {
  const [advice] = result.advice;
  if (advice === undefined || advice.action === "none") return null;
  const { action, shards, placement, readFanout } = advice;
  if (action === "add-shard") return `Add a shard: ${times(advice.forecast.maxOverMean)}.`;
  if (action === "change-placement") {
    return `Change the placement to ${placement ?? "another"}: ${times(advice.forecast.maxOverMean)}.`;
  }
  const steps = result.advice.filter((step) => step.action === "pin" || step.action === "split");
  const more = steps.length > 1 ? `, and treat ${plural(steps.length - 1, "more dialog")}` : "";
  const gives = `${more}: ${times(steps.at(-1)!.forecast.maxOverMean)}.`;
  const it = mainCause(result) === "popularity" || advice.dialog === undefined ? "it" : `dialog ${advice.dialog}`;
  if (action === "split") return `Split ${it} over ${plural(shards?.length ?? readFanout ?? 2, "shard")}${gives}`;
  return `Pin ${it} to shard ${shards?.[0] ?? "?"} and give that shard less of the rest${gives}`;
}

/** Cause and remedy, for the line under the headline; empty when there is nothing to say. */
export function leadInWords(result: Result): string {
  if (result.shards.length === 1 || knowsNoShares(result)) return "";
  const skew = headline(result) === skewInWords(result) ? "" : `${skewInWords(result)} `;
  return `${skew}${causeAndRemedy(result)}`;
}

function causeAndRemedy(result: Result): string {
  if (isEven(result) && result.skew.maxOverMean <= TARGET) {
    return (
      remedyInWords(result) ?? (isAllWell(result) ? "Nothing needs to be done." : "The placement needs no change.")
    );
  }
  return `Cause: ${causeInWords(result)}. ${remedyInWords(result) ?? result.advice[0]?.text ?? ""}`.trim();
}

const ACTIONS = { none: "", split: "split", pin: "pinned", "add-shard": "with one shard more", "change-placement": "" };

/** ` (95 % interval +30 % to +47 %)`; nothing when both ends round to the figure. */
function growthEnds({ growthInterval, growthToLimit }: NonNullable<Result["headroom"]>): string {
  if (growthInterval === undefined) return "";
  // In the unit of the figure: factors, or per cent.
  const inUnit = (value: number) =>
    growthToLimit >= 9 ? times(value + 1, 0) : `${value < 0 ? "−" : "+"}${percent(Math.abs(value), 0)}`;
  const ends = [growthInterval.low, growthInterval.high].map(inUnit);
  return ends.every((end) => end === inUnit(growthToLimit)) ? "" : ` (95 % interval ${ends.join(" to ")})`;
}

/**
 * `Shard 02 saturates at +38 %; split in 3: +204 % before one saturates, history reads 1 → 3 shards.` Null when the
 * limit is unknown.
 */
export function headroomInWords(result: Result): string | null {
  const { headroom, advice, skew, traffic } = result;
  if (headroom === null) return null;
  const { shard, growthToLimit, afterAdvice, readFanout } = headroom;
  const today =
    growthToLimit < 0
      ? `Shard ${shard} is past saturation: it can write ${percent(-growthToLimit, 0)} less than it is sent`
      : `Shard ${shard} saturates at ${growth(growthToLimit)} ` +
        `${traffic.arrivals?.changes === true ? "average " : ""}traffic${growthEnds(headroom)}`;
  const now =
    skew.segments === undefined
      ? today
      : `Under the newest topology: ${today.charAt(0).toLowerCase()}${today.slice(1)}`;
  const [first] = advice;
  if (afterAdvice === null || first === undefined || first.action === "none") return `${now}.`;
  const remedy =
    first.action === "split"
      ? `split in ${readFanout}`
      : first.action === "change-placement"
        ? `on ${first.placement ?? "another placement"}`
        : ACTIONS[first.action];
  if (afterAdvice <= growthToLimit) return `${now}; ${remedy}: no later, at ${growth(afterAdvice)}.`;
  if (afterAdvice < 0) return `${now}; ${remedy}: still ${percent(-afterAdvice, 0)} less than it is sent.`;
  // Under a placement by time every shard is asked before, too.
  const cost =
    readFanout > 1 && skew.distinctPairs === undefined ? `, history of that dialog reads 1 → ${readFanout} shards` : "";
  return `${now}; ${remedy}: ${growth(afterAdvice)} before one saturates${cost}.`;
}

/** What dialogs that are not hot pay for their neighbour; null without a hot story or with too few samples. */
export function blastRadiusInWords(result: Result): string | null {
  const blast = result.blastRadius;
  if (blast === null) return null;
  return (
    `Innocent dialogs wait ${duration(blast.hotMs)} (p99) on shard ${blast.shard} and ${duration(blast.elsewhereMs)} ` +
    `elsewhere: ${times(blast.p99, blast.p99 < 10 ? 2 : 0)}.`
  );
}

/** One sentence on the verdict. */
export function verdictInWords(result: Result): string {
  if (result.verdict.status === "VALID") {
    return "The generator kept up, made the traffic that was asked for, and all counters agree.";
  }
  return "Do not read the latencies: they measure something else than the server.";
}

/** The audit in sentences: every fault that fails the run, then what the comparison says. */
export function auditInWords(result: Result): string {
  const { audit } = result;
  const sentences = auditFaults(audit);
  if (audit.match === null) {
    sentences.push("Not comparable: the run was interrupted, or its messages could not be counted.");
  } else if (audit.match) {
    const found = plural(audit.unknownStored, "message");
    const rest = audit.unknownStored === 0 ? "nothing else is" : `of the rest ${found} whose outcome was unknown`;
    const { twins = 0 } = audit;
    const twice = twins === 0 ? "" : `, but for ${plural(twins, "second row")} of messages that were sent again`;
    sentences.push(`Every one of ${plural(audit.acked, "acknowledged message")} is stored, and ${rest}${twice}.`);
  }
  const placed = placedInWords(result);
  if (placed !== null) sentences.push(placed);
  return sentences.join(" ");
}

/** `Thresholds: 1 of 2 missed.` Null when none were given. */
export function thresholdsInWords({ thresholds = [] }: Result): string | null {
  if (thresholds.length === 0) return null;
  const all = plural(thresholds.length, "threshold");
  if (thresholds.some(({ status }) => status === "not-judged")) return `${all} not judged: the run is INVALID.`;
  const missed = thresholds.filter(({ status }) => status === "failed").length;
  return missed === 0 ? `${all} kept.` : `${count(missed)} of ${all} missed.`;
}

/** Marks of a threshold's status. */
export const THRESHOLD_MARKS = { passed: "kept", failed: "MISSED", "not-judged": "not judged" } as const;
