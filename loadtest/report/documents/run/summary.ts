import type { Result } from "../../../analysis/result/result.ts";
import { moment, plural } from "../../../stats/format.ts";
import { factsInWords } from "../../words/facts.ts";
import { failedInWords } from "../../words/failures.ts";
import { blastRadiusInWords, headline, leadInWords, verdictInWords } from "../../words/run.ts";
import { overallInWords, trafficInWords } from "../../words/traffic.ts";
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
    ...failedInWords(result),
    leadInWords(result),
    ...factsInWords(result),
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
