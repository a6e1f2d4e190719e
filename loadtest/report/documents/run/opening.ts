import { escapeXml } from "../../render/escape.ts";
import { duration, growth, moment, percent, plural, times, unbroken } from "../../../stats/format.ts";
import { effectiveShardsPicture } from "../../pictures/effective-shards.ts";
import { shareByShard } from "../../pictures/share-by-shard.ts";
import { failuresInWords, recoveryInWords } from "../../words/failures.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { figure, paragraph } from "../../render/section.ts";
import { messagesByShard } from "./failures.ts";
import { inlineSvg } from "../../render/svg.ts";
import {
  aimInWords,
  forecastInWords,
  headline,
  headroomInWords,
  isBurning,
  leadInWords,
  readsInWords,
  knowsNoShares,
  trendsInWords,
  verdictInWords,
} from "../../words/run.ts";
import { closedInWords, rateInWords, trafficInWords } from "../../words/traffic.ts";

function verdict(result: Result): string {
  const { status, reasons } = result.verdict;
  const list = reasons.map(({ code, message }) => `<li><b>${escapeXml(code)}</b> ${escapeXml(message)}</li>`).join("");
  return (
    `<p class="verdict"><span class="status">${status}</span> <span>${escapeXml(verdictInWords(result))}</span></p>` +
    (list === "" ? "" : `<ul class="reasons">${list}</ul>`)
  );
}

interface Card {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly hot?: boolean;
  readonly picture?: string;
  readonly grey?: boolean;
}

const card = ({ name, value, note, hot, picture, grey }: Card): string =>
  `<div${grey === true ? ' class="grey"' : ""}><dt>${escapeXml(name)}</dt><dd${hot === true ? ' class="hot"' : ""}>${escapeXml(value)}</dd>` +
  `<dd class="note">${escapeXml(note)}${picture ?? ""}</dd></div>`;

function latencyCards(result: Result): Card[] {
  const grey = result.verdict.status === "INVALID";
  const blast = result.blastRadius;
  const { p50, p95 = 0, p99 } = result.latencyMs.delivery;
  const delivery = {
    name: "Delivery, p99",
    value: duration(p99),
    note: `p95 ${duration(p95)}, median ${duration(p50)}, from the intended send`,
    grey,
  };
  if (blast === null) return [delivery];
  const radius = {
    name: "Blast radius",
    value: times(blast.p99, blast.p99 < 10 ? 2 : 0),
    note: `innocent dialogs' p99: ${duration(blast.hotMs)} on shard ${blast.shard}, ${duration(blast.elsewhereMs)} elsewhere`,
    hot: blast.p99 > 1.2,
    grey,
  };
  return [delivery, radius];
}

function headroomCard(result: Result): Card {
  const { headroom } = result;
  if (headroom === null)
    return {
      name: "Headroom",
      value: "unknown",
      note: "its writers were hardly busy, or had too few commits to know their limit",
    };
  const shaped = result.server.shaped === null ? "" : " (shaped)";
  return {
    name: "Headroom",
    value: growth(headroom.growthToLimit),
    note:
      headroom.growthToLimit < 0
        ? `shard ${headroom.shard}${shaped} is sent more than it can write`
        : `of traffic until shard ${headroom.shard}${shaped} saturates`,
    hot: headroom.growthToLimit < 0.2,
  };
}

function skewCards(result: Result): Card[] {
  const { skew, shards } = result;
  if (knowsNoShares(result)) {
    return [{ name: "Skew, max/mean", value: "unknown", note: "nobody knows where the messages belong", grey: true }];
  }
  return [
    {
      name: "Skew, max/mean",
      value: times(skew.maxOverMean),
      note: `chance alone: ${times(skew.noiseFloor.mean)}, at most ${times(skew.noiseFloor.p99)} in 99 of 100 runs`,
      hot: isBurning(result),
    },
    {
      name: "Effective shards",
      value: `${skew.effectiveShards.toFixed(1)} of ${shards.length}`,
      note: `${shards.length} paid, ${skew.effectiveShards.toFixed(1)} used`,
      picture: inlineSvg(effectiveShardsPicture(result)),
    },
  ];
}

function cards(result: Result): string {
  const all = [...skewCards(result), ...latencyCards(result), headroomCard(result)];
  return `<dl class="figures${result.shards.length > 8 ? " many" : ""}">${all.map(card).join("")}</dl>`;
}

function shares(result: Result): string {
  if (knowsNoShares(result)) return "";
  const { cv, gini, distinctDialogs } = result.skew;
  return (
    figure(
      shareByShard(result),
      `Share of the ${result.skew.of} messages by shard. Coefficient of variation ${percent(cv)}, Gini ${gini.toFixed(3)}, ${plural(distinctDialogs, "dialog")}.`,
    ) + messagesByShard(result)
  );
}

/** A date has hyphens, at which a browser breaks the line. */
const unbrokenDate = (part: string): string =>
  /^\d{4}-\d\d-\d\d/u.test(part) ? `<time>${escapeXml(part)}</time>` : escapeXml(part);

/** Verdict, headline, key figures and the share of every shard: the first screen. */
export function opening(result: Result): string {
  const { run, server } = result;
  const where = [
    `${run.driver} driver`,
    `${plural(server.shards, "shard")}, ${server.placement}`,
    trafficInWords(result),
    rateInWords(result),
    unbroken(moment(run.startedAt)),
    server.shaped === null ? null : `shaped: ${server.shaped}`,
  ].filter((words) => words !== null);
  const lead = leadInWords(result);
  const failed = [failuresInWords(result), recoveryInWords(result)].flatMap((words) =>
    words === null ? [] : [paragraph(words, "lead")],
  );
  const sentences = [
    closedInWords(result),
    forecastInWords(result),
    aimInWords(result),
    headroomInWords(result),
    readsInWords(result),
    trendsInWords(result),
  ].flatMap((words) => (words === null ? [] : [paragraph(words, "lead soft")]));
  return (
    `<header><p class="where"><b>hotshard</b> · <b>${escapeXml(run.scenario)}</b> · ${where.map(unbrokenDate).join(" · ")}</p>` +
    `${verdict(result)}<h1>${escapeXml(headline(result))}</h1>${failed.join("")}${lead === "" ? "" : paragraph(lead, "lead")}` +
    `${sentences.join("")}</header>${cards(result)}${shares(result)}`
  );
}
