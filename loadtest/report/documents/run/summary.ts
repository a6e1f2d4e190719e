import type { Result } from "../../../analysis/result/result.ts";
import { moment, plural } from "../../../stats/format.ts";
import { failuresInWords, outagesInWords, recoveryInWords } from "../../words/failures.ts";
import {
  aimInWords,
  blastRadiusInWords,
  forecastInWords,
  headline,
  HEADROOM_UNKNOWN,
  headroomInWords,
  knowsNoShares,
  leadInWords,
  readsInWords,
  thresholdsInWords,
  trendsInWords,
  verdictInWords,
} from "../../words/run.ts";
import { closedInWords, overallInWords, trafficInWords } from "../../words/traffic.ts";
import { sentence, type Block } from "../model.ts";
import { runParts } from "./parts.ts";

/** The report for a pull request or a wiki: what was found in sentences, then every part of the page in short. */
export function runSummary(result: Result): Block[] {
  const { run, server, verdict } = result;
  const where = [
    run.scenario,
    `${run.driver} driver`,
    `${plural(server.shards, "shard")} (${server.engine}), ${server.placement}`,
    server.shaped === null ? null : `shaped: ${server.shaped}`,
    trafficInWords(result),
    moment(run.startedAt),
  ];
  const found = [
    overallInWords(result),
    failuresInWords(result),
    ...outagesInWords(result),
    recoveryInWords(result),
    thresholdsInWords(result),
    leadInWords(result),
    closedInWords(result),
    forecastInWords(result),
    aimInWords(result),
    headroomInWords(result) ?? (knowsNoShares(result) ? null : HEADROOM_UNKNOWN),
    readsInWords(result),
    trendsInWords(result),
    blastRadiusInWords(result),
  ];
  return [
    ...sentence(headline(result), "strong"),
    { kind: "verdict", status: verdict.status, words: verdictInWords(result) },
    { kind: "list", items: verdict.reasons.map(({ code, message }) => ({ name: code, text: message })) },
    ...found.flatMap((words) => sentence(words)),
    ...sentence(where.filter((words) => words !== null).join(" · ")),
    ...runParts(result, [], []).flat(),
  ];
}
